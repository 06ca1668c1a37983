/**
 * The boards Wherry is booted on, as rows: QEMU's "virt" machine with a 32 and
 * a 64 bit processor, Debian's kernels. What is the same on all is in boot.ts.
 */
import { join } from "node:path";
import { kernelRelease } from "../build/modules.ts";
import { debsDir } from "../toolchain/places.ts";
import { targetNamed, type Target, type TargetName } from "../toolchain/targets.ts";

export type BoardName = "armv7" | "aarch64";

export type Board = {
  name: BoardName;
  target: Target;
  emulator: string;
  machine: string[];
  /** QEMU arguments that give the board a watchdog; empty where the kernel makes one in software. */
  watchdog: string[];
  /** Kernel module of the watchdog. */
  watchdogModule: string;
};

export const BOARDS: Board[] = [
  {
    name: "armv7", target: targetNamed("armv7"), emulator: "qemu-system-arm",
    // The kernel has no large physical addresses: everything below 4 GB.
    machine: ["-machine", "virt,highmem=off", "-cpu", "cortex-a15"],
    // Debian's armmp kernel has no driver for a watchdog that QEMU can give this machine.
    watchdog: [], watchdogModule: "softdog",
  },
  {
    name: "aarch64", target: targetNamed("aarch64"), emulator: "qemu-system-aarch64",
    machine: ["-machine", "virt", "-cpu", "cortex-a53"],
    watchdog: ["-device", "i6300esb"], watchdogModule: "i6300esb",
  },
];

export function boardNamed(name: string): Board {
  const found = BOARDS.find((b) => b.name === name);
  if (found === undefined) throw new Error(`no board "${name}"; there are ${BOARDS.map((b) => b.name).join(", ")}`);
  return found;
}

/** The unpacked Debian packages of a board: kernel, modules, busybox. */
export function boardDebs(b: Board): string {
  return debsDir(b.target.debianArch);
}

export function kernelFile(b: Board): string {
  const debs = boardDebs(b);
  return join(debs, "boot", `vmlinuz-${kernelRelease(debs)}`);
}

/** The board whose programs a target's are; x86_64 has none. */
export function boardOf(target: TargetName): Board | undefined {
  return BOARDS.find((b) => b.target.name === target);
}

/**
 * The three machines Wherry is compiled for, as rows. Flags that all share
 * are in compile.ts. Source: design.md "Toolchain", GCC manual "ARM Options"
 * and "AArch64 Options".
 */
import { debsDir } from "./places.ts";

export type TargetName = "x86_64" | "armv7" | "aarch64";

export type Target = {
  name: TargetName;
  debianArch: string;
  /** GNU triplet prefix of compiler and binutils; "" is this machine's own. */
  tools: string;
  muslTriplet: string;
  /** Where this machine keeps the kernel's headers for the target. */
  kernelHeaders: string[];
  compile: string[];
  link: string[];
  /** Runs a program of this target here; empty when the machine itself can. */
  emulator: string[];
  /** C files of the toolchain that stand in for what scriptc's runtime lacks on this target. */
  extraSources: string[];
  usesScriptcMusl: boolean;
  /** Units of scriptc's runtime that are compiled for speed instead of size. */
  fastUnits: string[];
};

export const TARGETS: Target[] = [
  {
    name: "x86_64", debianArch: "amd64", tools: "", muslTriplet: "x86_64-linux-musl",
    kernelHeaders: ["/usr/include", "/usr/include/x86_64-linux-gnu"],
    // data aligned as the ABI says: gcc would align what is 32 bytes or longer to 32, for speed
    compile: ["-fcf-protection=none", "-malign-data=abi"], link: [], emulator: [], extraSources: ["toolchain/x86_64.c"], usesScriptcMusl: true,
    // 1 % more bytes, a twelfth of all instructions less
    fastUnits: ["string", "array", "bytes"],
  },
  {
    name: "armv7", debianArch: "armhf", tools: "arm-linux-gnueabihf-", muslTriplet: "arm-linux-musleabihf",
    kernelHeaders: ["/usr/arm-linux-gnueabihf/include"],
    compile: ["-march=armv7-a", "-mthumb", "-mfpu=vfpv3-d16", "-mfloat-abi=hard"],
    // Debian's driver names an interpreter for -static-pie on this target: say again that there is none.
    link: ["-Wl,--no-dynamic-linker", "-Wl,-static", "-Wl,-z,text"],
    emulator: ["qemu-arm"], extraSources: ["toolchain/armv7.c"], usesScriptcMusl: false, fastUnits: [],
  },
  {
    name: "aarch64", debianArch: "arm64", tools: "aarch64-linux-gnu-", muslTriplet: "aarch64-linux-musl",
    kernelHeaders: ["/usr/aarch64-linux-gnu/include"],
    compile: ["-mno-outline-atomics"], link: ["-Wl,-z,max-page-size=4096"],
    emulator: ["qemu-aarch64"], extraSources: [], usesScriptcMusl: true, fastUnits: [],
  },
];

export function targetNamed(name: string): Target {
  const found = TARGETS.find((t) => t.name === name);
  if (found === undefined) throw new Error(`no target "${name}"; there are ${TARGETS.map((t) => t.name).join(", ")}`);
  return found;
}

/** Include and library folders of the target's musl. */
export function muslDirs(t: Target): { include: string; lib: string } {
  const usr = `${debsDir(t.debianArch)}/usr`;
  return { include: `${usr}/include/${t.muslTriplet}`, lib: `${usr}/lib/${t.muslTriplet}` };
}

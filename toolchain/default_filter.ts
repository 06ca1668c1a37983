/**
 * The default seccomp filter, compiled when Wherry is built, so that no start
 * has to. The rules are src/container/seccomp_default.ts, the numbers those of
 * src/sys/syscalls.c.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultProgram, type CallTable } from "../src/container/seccomp_default.ts";
import { root } from "./places.ts";
import { writtenFolder } from "./written.ts";

const NAME = "default_filter.h";

/** Texts called `name` in syscalls.c, in its order. */
function texts(source: string, name: string): string[] {
  const found = [...source.matchAll(new RegExp(`\\b${name}\\[\\] =([^;]*);`, "g"))];
  return found.map((m) => [...m[1]!.matchAll(/"([^"]*)"/g)].map((t) => t[1]!).join("")).filter((t) => t !== "");
}

/** The architectures of each machine, by the macro that its compiler defines. */
export function machineTables(): Record<string, CallTable[]> {
  const source = readFileSync(join(root, "src/sys/syscalls.c"), "utf8");
  const first = Number(/FIRST_COMMON (\d+)/.exec(source)![1]);
  const common = texts(source, "common")[0]!.split(" ");
  const table = (audit: number, text: string, isArm: boolean): CallTable => {
    const own = text.split(" ");
    return { audit, names: [...own, ...Array.from({ length: first - own.length }, () => ""), ...common], isArm };
  };
  const [x86_64, aarch64] = texts(source, "own");
  const arm = table(0x40000028, texts(source, "arm")[0]!, true);
  return {
    __x86_64__: [table(0xc000003e, x86_64!, false), table(0x40000003, texts(source, "compat")[0]!, false)],
    __arm__: [arm],
    __aarch64__: [table(0xc00000b7, aarch64!, false), arm],
  };
}

/** struct sock_filter as one number each: the machines are little-endian. */
function rows(program: Uint8Array): string {
  const view = new DataView(program.buffer, program.byteOffset, program.length);
  const numbers = Array.from({ length: program.length / 8 }, (_x, i) => `0x${view.getBigUint64(8 * i, true).toString(16)}`);
  const lines: string[] = [];
  for (let i = 0; i < numbers.length; i += 6) lines.push(`\t${numbers.slice(i, i + 6).join(", ")},`);
  return lines.join("\n");
}

let made = "";
/** The file for src/sys/syscalls.c with the filter of the machine that it is compiled for; it is written when it isn't there. */
export function filterFile(): string {
  if (made !== "") return made;
  const machines = Object.entries(machineTables()).map(([macro, tables]) => `#ifdef ${macro}\n${rows(defaultProgram(tables))}\n#endif\n`);
  made = join(writtenFolder("filter", [{ name: NAME, text: machines.join("") }]), NAME);
  return made;
}

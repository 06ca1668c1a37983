/**
 * The default seccomp filter → src/sys/default_filter.c, so that no start has
 * to compile it. The rules are src/container/seccomp_default.ts, the numbers
 * those of src/sys/syscalls.c; a unit test fails when the file is not of them.
 * node toolchain/default_filter.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultProgram, type CallTable } from "../src/container/seccomp_default.ts";
import { root } from "./places.ts";

/** Relative to the root. */
export const FILTER_FILE = "src/sys/default_filter.c";

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

/** The whole file. */
export function filterSource(): string {
  const machines = Object.entries(machineTables()).map(([macro, tables]) => `#ifdef ${macro}\n${rows(defaultProgram(tables))}\n#endif\n`);
  return `/*
 * Written by node toolchain/default_filter.ts: the filter that
 * src/container/seccomp_default.ts describes, a struct sock_filter a number.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

static const uint64_t program[] = {
${machines.join("")}};

/* Result: its size in bytes, or -EINVAL when \`out\` is smaller. */
int32_t sys_default_filter(const uint8_t *out, size_t out_n)
{
	if (out_n < sizeof program)
		return -EINVAL;
	memcpy((void *)(uintptr_t)out, program, sizeof program);
	return (int32_t)sizeof program;
}
`;
}

if (import.meta.main) writeFileSync(join(root, FILTER_FILE), filterSource());

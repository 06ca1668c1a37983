/** What readelf says about a binary, for the tests of what ships. */
import type { Target } from "../../toolchain/targets.ts";
import { run } from "../../toolchain/run.ts";

export type Segment = { type: string; flags: string; align: number };
export type Elf = { type: string; segments: Segment[]; dynamic: { tag: string; value: string }[]; sections: string[] };

function asked(t: Target, options: string, file: string): string {
  return run(`${t.tools}readelf`, [options, file], { env: { ...process.env, LC_ALL: "C" } });
}

export function readElf(t: Target, file: string): Elf {
  const program = asked(t, "-lW", file);
  const type = /Elf file type is (\w+)/.exec(program)?.[1] ?? "";
  const segments = [...program.matchAll(/^ {2}([A-Z_]+) +0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([R ][W ][E ]) (0x\w+)$/gm)].map((m) => ({ type: m[1]!, flags: m[2]!.replaceAll(" ", ""), align: Number(m[3]) }));
  const dynamic = [...asked(t, "-dW", file).matchAll(/^ 0x\w+ \((\w+)\) +(.*)$/gm)].map((m) => ({ tag: m[1]!, value: m[2]!.trim() }));
  const sections = [...asked(t, "-SW", file).matchAll(/^ +\[ *\d+\] (\.\S+)/gm)].map((m) => m[1]!);
  return { type, segments, dynamic, sections };
}

/** Attributes of an ARM binary: "Tag_CPU_arch" → "v7". */
export function armAttributes(t: Target, file: string): Map<string, string> {
  return new Map([...asked(t, "-A", file).matchAll(/^ +(Tag_\w+): (.*)$/gm)].map((m) => [m[1]!, m[2]!.replaceAll("\"", "")]));
}

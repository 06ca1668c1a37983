/** What ships is hardened: checked on the binaries themselves, for every machine. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { compile } from "../../toolchain/compile.ts";
import { outDir } from "../../toolchain/places.ts";
import { run } from "../../toolchain/run.ts";
import { TARGETS, targetNamed, type Target } from "../../toolchain/targets.ts";
import { armAttributes, readElf } from "./elf.ts";

const dir = join(outDir, "test-toolchain", "hardening");
mkdirSync(dir, { recursive: true });

const built = new Map<string, Promise<string>>();
function binary(t: Target, keepSymbols: boolean): Promise<string> {
  const out = join(dir, `${t.name}${keepSymbols ? ".symbols" : ""}`);
  const known = built.get(out) ?? compile({ entry: "src/main.ts", out, target: t, flavor: "release", keepSymbols });
  built.set(out, known);
  return known;
}

for (const t of TARGETS) {
  test(`${t.name}: position-independent, no interpreter, no library needed`, async () => {
    const elf = readElf(t, await binary(t, false));
    assert.is(elf.type, "DYN");
    assert.ok(elf.segments.length >= 6, "segments were read");
    assert.not(elf.segments.some((s) => s.type === "INTERP"));
    assert.not(elf.dynamic.some((d) => d.tag === "NEEDED" || d.tag === "RUNPATH" || d.tag === "RPATH"));
    assert.ok(elf.dynamic.some((d) => d.tag === "FLAGS_1" && d.value.includes("PIE")));
    assert.not(elf.dynamic.some((d) => d.tag === "TEXTREL"));
  });

  test(`${t.name}: relocations become read-only before main (full RELRO)`, async () => {
    const elf = readElf(t, await binary(t, false));
    assert.ok(elf.segments.some((s) => s.type === "GNU_RELRO"));
    assert.ok(elf.dynamic.some((d) => d.tag === "FLAGS" && d.value.includes("BIND_NOW")));
    assert.ok(elf.dynamic.some((d) => d.tag === "FLAGS_1" && d.value.includes("NOW")));
  });

  test(`${t.name}: no stack to execute, nothing writable and executable`, async () => {
    const elf = readElf(t, await binary(t, false));
    assert.equal(elf.segments.filter((s) => s.type === "GNU_STACK").map((s) => s.flags), ["RW"]);
    assert.equal(elf.segments.filter((s) => s.flags.includes("W") && s.flags.includes("E")), []);
    assert.is(elf.segments.filter((s) => s.type === "LOAD" && s.flags.includes("E")).length, 1);
  });

  test(`${t.name}: stripped`, async () => {
    const elf = readElf(t, await binary(t, false));
    assert.ok(elf.sections.includes(".text"), "sections were read");
    assert.equal(elf.sections.filter((s) => s === ".symtab" || s === ".strtab" || s.startsWith(".debug") || s === ".comment"), []);
  });

  test(`${t.name}: stack protector in the runtime and in the shim`, async () => {
    const code = run(`${t.tools}objdump`, ["-d", "--no-show-raw-insn", await binary(t, true)]);
    const guarded = new Set<string>();
    let inside = "";
    for (const line of code.split("\n")) {
      const begin = /^\w+ <([^>]+)>:$/.exec(line);
      if (begin !== null) inside = begin[1]!;
      else if (/\b(callq?|blx?|bl|b\.w|jmp)\s.*<__stack_chk_fail/.test(line)) guarded.add(inside);
    }
    assert.ok([...guarded].some((f) => f.startsWith("scr_")), `guarded: ${[...guarded].join(" ")}`);
    assert.ok([...guarded].some((f) => f.startsWith("sys_")), `guarded: ${[...guarded].join(" ")}`);
  });
}

test("armv7: ARMv7-A, Thumb-2, VFPv3 with 16 registers, floats in registers", async () => {
  const t = targetNamed("armv7");
  const a = armAttributes(t, await binary(t, false));
  assert.is(a.get("Tag_CPU_arch"), "v7");
  assert.is(a.get("Tag_CPU_arch_profile"), "Application");
  assert.is(a.get("Tag_THUMB_ISA_use"), "Thumb-2");
  assert.is(a.get("Tag_FP_arch"), "VFPv3-D16");
  assert.is(a.get("Tag_ABI_VFP_args"), "VFP registers");
  assert.not(a.has("Tag_Advanced_SIMD_arch"));
  assert.not(a.has("Tag_DIV_use"));
});

test("aarch64: segments are aligned for 4 KB pages", async () => {
  const t = targetNamed("aarch64");
  const loads = readElf(t, await binary(t, false)).segments.filter((s) => s.type === "LOAD");
  assert.ok(loads.length >= 3);
  assert.equal([...new Set(loads.map((s) => s.align))], [4096]);
});

test.run();

/** The size report: who owns what, that nothing is lost, and the document that remembers. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { definitionsOf } from "../../toolchain/origins.ts";
import { outDir } from "../../toolchain/places.ts";
import { attribute, plainName, roomOf, UNATTRIBUTED, type Part } from "../../toolchain/size/attribute.ts";
import type { Binary, Section } from "../../toolchain/size/binary.ts";
import { fileBytes, formatDocument, formatTable, parseDocument, sorted } from "../../toolchain/size/table.ts";

const dir = join(outDir, "test-toolchain", "size");
mkdirSync(dir, { recursive: true });

test("a function has the file of its first statement; what it uses and nobody marked goes with it", () => {
  const c = [
    "static struct { size_t rc; char data[4]; } sc_lit_0 =",
    "  { 1, \"a}{\" };",
    "static void sc_release_A(sc_o_A *o);",
    "static const vt sc_vtable_A = { &sc_release_A };",
    "static double sc_f_one(double x) { /* wrong.ts:1 */",
    "#line 7 \"src/json/scan.ts\"",
    "  use(&sc_vtable_A);",
    "#line 1 \"<scriptc>\"",
    "}",
    "",
    "static void sc_release_A(sc_o_A *o) {",
    "  free(&sc_lit_0);",
    "}",
    "static int sc_lonely;",
  ].join("\n");
  assert.equal(definitionsOf(c), [
    { name: "sc_lit_0", file: "src/json/scan.ts" },
    { name: "sc_vtable_A", file: "src/json/scan.ts" },
    { name: "sc_f_one", file: "src/json/scan.ts" },
    { name: "sc_release_A", file: "src/json/scan.ts" },
    { name: "sc_lonely", file: "" },
  ]);
});

test("what the compiler made of a definition carries its name", () => {
  assert.is(plainName("scr_str_eq.part.0.lto_priv.12"), "scr_str_eq");
  assert.is(plainName("table.4"), "table");
  assert.is(plainName("main"), "main");
});

test("a room is the folder in src", () => {
  assert.is(roomOf("src/sys/loop.ts"), "sys");
  assert.is(roomOf("/somewhere/src/control/http/parse.ts"), "control");
  assert.is(roomOf("src/main.ts"), "main");
});

function section(name: string, index: number, address: number, bytes: Buffer, isCode: boolean): Section {
  return { name, index, address, size: bytes.length, bytes, isCode, isLoaded: true };
}

const CONSTANTS = Buffer.from("only in the shim\0????", "latin1");
const BINARY: Binary = {
  fileSize: 100,
  sections: [
    section(".text", 1, 1000, Buffer.alloc(40, 1), true),
    section(".rodata", 2, 2000, CONSTANTS, false),
    { ...section(".bss", 3, 3000, Buffer.alloc(0), false), size: 16 },
    { ...section(".shstrtab", 4, 0, Buffer.alloc(9), false), isLoaded: false },
  ],
  symbols: [
    { name: "sc_f_one", section: 1, address: 1000, size: 20 },
    { name: "scr_str_eq.part.0", section: 1, address: 1020, size: 10 },
    { name: "nobody", section: 1, address: 1030, size: 10 },
    { name: "sc_g_x", section: 3, address: 3000, size: 16 },
  ],
};

function parts(): Map<string, Part> {
  writeFileSync(join(dir, "shim.o"), "…only in the shim\0…");
  const found = attribute(BINARY, {
    definitions: [{ name: "sc_f_one", file: "src/json/scan.ts" }, { name: "sc_g_x", file: "src/sys/fd.ts" }],
    owners: [{ part: "shim", names: ["sys_read"], files: [join(dir, "shim.o")] }, { part: "scriptc runtime", names: ["scr_str_eq"], files: [] }],
    lines: [
      { address: 1000, file: "src/json/scan.ts", line: 1 },
      { address: 1004, file: "src/sys/fd.ts", line: 9 },
      { address: 1010, file: "./node_modules/@scriptc/runtime/src/scr_string.c", line: 5 },
      { address: 1014, file: "./runtime/07d33c9bb1a264bf3728/scr_string.c", line: 5 },
      { address: 1017, file: "./node_modules/@scriptc/runtime/vendor/../vendor/ryu/d2s.c", line: 5 },
      { address: 1020, file: "", line: 0 },
    ],
  });
  return new Map(found.map((p) => [p.name, p]));
}

test("every byte of the file is counted once", () => {
  assert.is(fileBytes([...parts().values()]), BINARY.fileSize);
});

test("code counts where it was written, the runtime's where the room inlined it", () => {
  const p = parts();
  assert.is(p.get("json")!.code, 4);
  assert.is(p.get("sys")!.code, 16);
  assert.is(p.get("scriptc runtime")!.code, 10);
});

test("string constants go to who has them, what nobody has is shown", () => {
  const p = parts();
  assert.is(p.get("shim")!.data, "only in the shim\0".length);
  assert.equal(p.get(UNATTRIBUTED), { name: UNATTRIBUTED, code: 10, data: 4, zeroed: 0 });
});

test("memory that starts as zeros is apart from the file", () => {
  assert.is(parts().get("sys")!.zeroed, 16);
});

const PARTS: Part[] = [{ name: "json", code: 300, data: 20, zeroed: 0 }, { name: "sys", code: 100, data: 50, zeroed: 8 }];

test("the document gives back what was written into it", () => {
  const targets = new Map([["armv7", PARTS], ["aarch64", [PARTS[0]!]]]);
  assert.equal(parseDocument(formatDocument(targets)), targets);
});

test("the table shows the change, also of what is gone and what is new", () => {
  const rows = formatTable(PARTS, [{ name: "sys", code: 90, data: 50, zeroed: 8 }, { name: "old", code: 5, data: 0, zeroed: 0 }]).split("\n").map((l) => l.trim().split(/ {2,}/));
  assert.equal(rows[0], ["part", "code", "data", "zeroed", "in the file", "change"]);
  assert.equal(rows.slice(1).map((r) => [r[0], r[5]]), [["json", "+320"], ["sys", "+10"], ["old", "-5"], ["total", "+325"]]);
});

test("what nobody owns comes last, the dearest first", () => {
  const lost = { name: UNATTRIBUTED, code: 9999, data: 0, zeroed: 0 };
  assert.equal(sorted([lost, PARTS[1]!, PARTS[0]!]).map((p) => p.name), ["json", "sys", UNATTRIBUTED]);
});

test.run();

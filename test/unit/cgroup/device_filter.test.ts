import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DeviceRule } from "../../../src/lxc/description.ts";
import { ACCESS_MKNOD, ACCESS_READ, ACCESS_WRITE, allowsDevice, deviceLines, devicePolicy, deviceProgram, restricts } from "../../../src/cgroup/device_filter.ts";

/** "deny a", "allow c 1:3 rwm" → a rule. */
function rule(text: string): DeviceRule {
  const w = text.split(" ");
  const numbers = (w[2] ?? "*:*").split(":").map((n) => (n === "*" ? -1 : Number(n)));
  return { version: 2, allow: w[0] === "allow", type: w[1] as "a" | "b" | "c", major: numbers[0]!, minor: numbers[1]!, access: w[3] ?? "rwm", path: "", at: "t:1" };
}

/** Runs a program as the kernel would: the few instructions that deviceProgram uses. */
function run(program: Uint8Array, type: "b" | "c", major: number, minor: number, access: number): boolean {
  const context = [((access << 16) | (type === "b" ? 1 : 2)) >>> 0, major, minor];
  const r = new Array<number>(11).fill(0);
  const view = new DataView(program.buffer);
  for (let pc = 0; pc < program.length / 8; pc++) {
    const at = pc * 8;
    const to = program[at + 1]! & 15;
    const from = program[at + 1]! >> 4;
    const offset = view.getInt16(at + 2, true);
    const value = view.getInt32(at + 4, true);
    switch (program[at]) {
      case 0x61: r[to] = context[offset / 4]!; break;
      case 0xbc: r[to] = r[from]!; break;
      case 0x54: r[to] = (r[to]! & value) >>> 0; break;
      case 0x74: r[to] = r[to]! >>> value; break;
      case 0xb7: r[to] = value; break;
      case 0x55: if (r[to] !== value) pc += offset; break;
      case 0x15: if (r[to] === value) pc += offset; break;
      case 0x95: return r[0] === 1;
      default: throw new Error(`opcode ${program[at]}`);
    }
  }
  throw new Error("fell off the end");
}

type Case = { says: string; rules: string[]; device: ["b" | "c", number, number]; access: number; want: boolean };
const R = ACCESS_READ;
const W = ACCESS_WRITE;
const M = ACCESS_MKNOD;
const CASES: Case[] = [
  { says: "no rule allows", rules: [], device: ["b", 8, 0], access: R | W | M, want: true },
  { says: "deny a denies", rules: ["deny a"], device: ["c", 1, 3], access: R, want: false },
  { says: "an allowed device after deny a", rules: ["deny a", "allow c 1:3 rwm"], device: ["c", 1, 3], access: R | W, want: true },
  { says: "same numbers, other type", rules: ["deny a", "allow c 1:3 rwm"], device: ["b", 1, 3], access: R, want: false },
  { says: "only part of the asked access is allowed", rules: ["deny a", "allow c 1:3 r"], device: ["c", 1, 3], access: R | W, want: false },
  { says: "the allowed part alone", rules: ["deny a", "allow c 1:3 r"], device: ["c", 1, 3], access: R, want: true },
  { says: "two lines add up", rules: ["deny a", "allow c 1:3 r", "allow c 1:3 w"], device: ["c", 1, 3], access: R | W, want: true },
  { says: "any minor", rules: ["deny a", "allow c 136:* rw"], device: ["c", 136, 77], access: R | W, want: true },
  { says: "any major, mknod only", rules: ["deny a", "allow b *:* m"], device: ["b", 7, 1], access: M, want: true },
  { says: "any major, mknod only: no reading", rules: ["deny a", "allow b *:* m"], device: ["b", 7, 1], access: R, want: false },
  { says: "deny after allow a", rules: ["allow a", "deny b 8:* rwm"], device: ["b", 8, 1], access: R, want: false },
  { says: "a device not denied", rules: ["allow a", "deny b 8:* rwm"], device: ["b", 9, 1], access: R, want: true },
  { says: "one denied bit is enough", rules: ["allow a", "deny c 1:1 w"], device: ["c", 1, 1], access: R | W, want: false },
  { says: "the bits not denied", rules: ["allow a", "deny c 1:1 w"], device: ["c", 1, 1], access: R, want: true },
  { says: "a later a forgets", rules: ["deny a", "allow c 1:3 rwm", "deny a"], device: ["c", 1, 3], access: R, want: false },
  { says: "taking back part of an allowed access", rules: ["deny a", "allow c 1:3 rwm", "deny c 1:3 w"], device: ["c", 1, 3], access: W, want: false },
  { says: "type a with numbers is both types", rules: ["deny a", "allow a 5:2 rwm"], device: ["c", 5, 2], access: R, want: true },
];

for (const c of CASES) {
  test(`program and policy agree: ${c.says}`, () => {
    const p = devicePolicy(c.rules.map(rule));
    assert.is(allowsDevice(p, ...c.device, c.access), c.want);
    assert.is(run(deviceProgram(p), ...c.device, c.access), c.want);
  });
}

test("allow a alone restricts nothing, deny a does", () => {
  assert.is(restricts(devicePolicy([rule("allow a")])), false);
  assert.is(restricts(devicePolicy([rule("deny a")])), true);
});

test("v1 lines keep the order, and type a with numbers becomes two lines", () => {
  assert.equal(deviceLines(["deny a", "allow c 1:* rw", "allow a 5:2 m"].map(rule)), [
    ["devices.deny", "a"], ["devices.allow", "c 1:* rw"], ["devices.allow", "b 5:2 m"], ["devices.allow", "c 5:2 m"],
  ]);
});

test.run();

/** Filters by running them: a BPF machine of our own against the meaning of the rules. */
import "../../fakes/sys.ts";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { SeccompCondition, SeccompOp } from "../../../src/lxc/seccomp.ts";
import { resultOf, seccompProgram, type ArchRules } from "../../../src/container/seccomp_program.ts";
import { defaultProgram, defaultRules } from "../../../src/container/seccomp_default.ts";
import { machineTables } from "../../../toolchain/default_filter.ts";

const X86 = 0xc000003e;
const ARM = 0x40000028;
const ALLOW = 0x7fff0000;
const KILL = 0x80000000;
const EPERM = 0x50001;
const ENOSYS = 0x50026;

type Call = { arch: number; nr: number; args: bigint[] };

/** Runs a classic BPF program over struct seccomp_data. */
function run(program: Uint8Array, c: Call): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, c.nr, true);
  data.setUint32(4, c.arch, true);
  c.args.forEach((a, i) => data.setBigUint64(16 + 8 * i, a, true));
  const p = new DataView(program.buffer, program.byteOffset, program.length);
  let a = 0;
  for (let pc = 0; pc < program.length / 8; pc++) {
    const code = p.getUint16(8 * pc, true);
    const [jt, jf, k] = [p.getUint8(8 * pc + 2), p.getUint8(8 * pc + 3), p.getUint32(8 * pc + 4, true)];
    if (code === 0x20) a = data.getUint32(k, true);
    else if (code === 0x54) a = (a & k) >>> 0;
    else if (code === 0x05) pc += k;
    else if (code === 0x15) pc += a === k ? jt : jf;
    else if (code === 0x25) pc += a > k ? jt : jf;
    else if (code === 0x35) pc += a >= k ? jt : jf;
    else if (code === 0x06) return k;
    else throw new Error(`no instruction ${code.toString(16)} at ${pc}`);
  }
  throw new Error("ran past the end");
}

function condition(index: number, op: SeccompOp, value: bigint, mask = 0n): SeccompCondition {
  const half = (v: bigint): [number, number] => [Number(v >> 32n), Number(v & 0xffffffffn)];
  const [valueHigh, valueLow] = half(value);
  const [maskHigh, maskLow] = half(mask);
  return { index, op, valueHigh, valueLow, maskHigh, maskLow };
}

function holds(c: SeccompCondition, args: bigint[]): boolean {
  const arg = args[c.index] ?? 0n;
  const value = (BigInt(c.valueHigh) << 32n) + BigInt(c.valueLow);
  const mask = (BigInt(c.maskHigh) << 32n) + BigInt(c.maskLow);
  switch (c.op) {
    case "==": return arg === value;
    case "!=": return arg !== value;
    case "<": return arg < value;
    case "<=": return arg <= value;
    case ">": return arg > value;
    case ">=": return arg >= value;
    case "&=": return (arg & mask) === value;
  }
}

/** What the rules say, without a program. */
function meant(a: ArchRules, nr: number, args: bigint[]): number {
  const at = a.numbers.indexOf(nr);
  const answer = at < 0 ? 0 : a.answers[at]!;
  if (at >= 0 && answer >= 0) return answer;
  for (const r of at < 0 ? [] : a.rules[-1 - answer]!) if (r.conditions.every((c) => holds(c, args))) return r.result;
  return at < 0 && a.end > 0 && nr >= a.end ? a.beyond : a.fallback;
}

function plain(numbers: number[], result: number): ArchRules {
  return { audit: X86, numbers, answers: numbers.map(() => result), rules: [], fallback: ALLOW, end: 0, beyond: 0 };
}

test("denied numbers are denied, their neighbours are not, another architecture is killed", () => {
  const p = seccompProgram([plain([0, 1, 5, 300], EPERM)], KILL);
  const got = [0, 1, 2, 4, 5, 6, 299, 300, 301, 0x40000000].map((nr) => run(p, { arch: X86, nr, args: [] }));
  assert.equal(got, [EPERM, EPERM, ALLOW, ALLOW, EPERM, ALLOW, ALLOW, EPERM, ALLOW, ALLOW]);
  assert.is(run(p, { arch: ARM, nr: 2, args: [] }), KILL);
});

test("numbers past the last known one get their own answer, whatever lies around it", () => {
  for (const numbers of [[3], [9], [10], [11], [3, 9, 10, 11, 20], [], [50, 51]]) {
    const a = { ...plain(numbers, EPERM), end: 10, beyond: ENOSYS };
    const p = seccompProgram([a], KILL);
    for (let nr = 0; nr < 60; nr++) assert.is(run(p, { arch: X86, nr, args: [] }), meant(a, nr, []), `${numbers} ${nr}`);
  }
});

test("every comparison means what it says, in both halves of 64 bits", () => {
  const values = [0n, 1n, 0xffffffffn, 0x100000000n, 0x100000001n, 0x1ffffffffn, 0x200000000n, 0xffffffffffffffffn];
  for (const op of ["==", "!=", "<", "<=", ">", ">="] as SeccompOp[]) {
    for (const v of values) {
      const a: ArchRules = { audit: X86, numbers: [7], answers: [-1], rules: [[{ conditions: [condition(2, op, v)], result: EPERM }]], fallback: ALLOW, end: 0, beyond: 0 };
      const p = seccompProgram([a], KILL);
      for (const w of values) assert.is(run(p, { arch: X86, nr: 7, args: [0n, 0n, w] }), meant(a, 7, [0n, 0n, w]), `${w} ${op} ${v}`);
    }
  }
});

test("masked comparisons look at their bits only", () => {
  const c = condition(0, "&=", 0x300000002n, 0xf0000000fn);
  const a: ArchRules = { audit: X86, numbers: [7], answers: [-1], rules: [[{ conditions: [c], result: EPERM }]], fallback: ALLOW, end: 0, beyond: 0 };
  const p = seccompProgram([a], KILL);
  for (const w of [0x300000002n, 0xff300000ff2n, 0x200000002n, 0x300000003n, 0n]) assert.is(run(p, { arch: X86, nr: 7, args: [w] }), meant(a, 7, [w]), w.toString(16));
});

test("all conditions of a rule must hold, and the first rule that does decides", () => {
  const rules = [
    { conditions: [condition(0, "==", 1n), condition(1, ">", 5n)], result: EPERM },
    { conditions: [condition(0, "==", 1n)], result: ENOSYS },
  ];
  const a: ArchRules = { audit: X86, numbers: [7], answers: [-1], rules: [rules], fallback: ALLOW, end: 0, beyond: 0 };
  const p = seccompProgram([a], KILL);
  for (const args of [[1n, 6n], [1n, 5n], [0n, 9n]]) assert.is(run(p, { arch: X86, nr: 7, args }), meant(a, 7, args));
});

test("programs longer than a jump reaches still lead everywhere", () => {
  const numbers = Array.from({ length: 400 }, (_x, i) => 2 * i);
  const rules = numbers.map((n) => [{ conditions: [condition(0, "!=", BigInt(n)), condition(1, ">=", 1n), condition(2, "<", 3n)], result: n % 3 === 0 ? EPERM : ENOSYS }]);
  const a: ArchRules = { audit: X86, numbers, answers: numbers.map((_n, i) => -1 - i), rules, fallback: ALLOW, end: 700, beyond: KILL };
  const p = seccompProgram([a, { ...plain([3], EPERM), audit: ARM }], KILL);
  assert.ok(p.length / 8 > 4000 && p.length / 8 < 8000, String(p.length / 8));
  for (let nr = 0; nr < 810; nr++) {
    for (const args of [[0n, 1n, 2n], [BigInt(nr), 1n, 2n], [1n, 0n, 2n]]) assert.is(run(p, { arch: X86, nr, args }), meant(a, nr, args), String(nr));
  }
  assert.is(run(p, { arch: ARM, nr: 3, args: [] }), EPERM);
});

test("an action that asks somebody is an unknown call: nobody listens", () => {
  assert.equal([resultOf({ kind: "notify", errno: 0 }), resultOf({ kind: "errno", errno: 13 }), resultOf({ kind: "trap", errno: 0 })], [ENOSYS, 0x5000d, 0x30000]);
});

test("the default refuses what reaches out of a container, and no call twice", () => {
  const d = defaultRules();
  assert.is(d.names.length, d.answers.length);
  assert.is(new Set(d.names).size, d.names.length);
  for (const name of ["kexec_load", "init_module", "ptrace", "bpf", "mount", "umount2", "pivot_root", "setns", "unshare", "keyctl", "open_by_handle_at", "userfaultfd", "reboot"]) assert.ok(d.names.includes(name), name);
  for (const name of ["execve", "openat", "futex", "rseq", "sched_yield", "landlock_create_ruleset", "close_range", "adjtimex", "chroot"]) assert.not.ok(d.names.includes(name), name);
});

test("clone may make threads and children, but no namespace; sockets of other address families go on", () => {
  const d = defaultRules();
  const rulesOf = (name: string): ArchRules => ({ audit: X86, numbers: [1], answers: [d.answers[d.names.indexOf(name)]!], rules: d.rules, fallback: ALLOW, end: 0, beyond: 0 });
  const answer = (name: string, ...args: bigint[]): number => run(seccompProgram([rulesOf(name)], KILL), { arch: X86, nr: 1, args });
  assert.equal([answer("clone", 0x3d0f00n), answer("clone", 0x11n), answer("clone", 0x10000011n), answer("clone", 0x20011n)], [ALLOW, ALLOW, EPERM, EPERM]);
  assert.equal([answer("socket", 1n), answer("socket", 2n), answer("socket", 40n), answer("socket", 38n)], [ALLOW, ALLOW, 0x50061, 0x50061]);
  assert.equal([answer("ioctl", 0n, 0x5401n), answer("ioctl", 0n, 0x5412n), answer("ioctl", 0n, 0xffffffff00005412n)], [ALLOW, EPERM, EPERM]);
  assert.equal([answer("personality", 0n), answer("personality", 8n), answer("personality", 0xffffffffn), answer("personality", 0x40000n)], [ALLOW, ALLOW, ALLOW, EPERM]);
});

test("the default refuses the same calls on every machine, by each one's numbers", () => {
  const d = defaultRules();
  const plainly = d.names.filter((_n, i) => d.answers[i] === EPERM);
  for (const tables of Object.values(machineTables())) {
    const program = defaultProgram(tables);
    assert.ok(program.length <= 4096, String(program.length));
    for (const t of tables) {
      const answer = (nr: number): number => run(program, { arch: t.audit, nr, args: [] });
      for (let nr = 0; nr < t.names.length; nr++) {
        const name = t.names[nr]!;
        if (["clone", "ioctl", "socket", "personality"].includes(name)) continue;
        assert.is(answer(nr), plainly.includes(name) ? EPERM : name === "clone3" ? ENOSYS : ALLOW, `${t.audit.toString(16)} ${name}`);
      }
      assert.equal([t.names.length, 5000, 0xf0001, 0xf0006, 0xf0007].map(answer), [ENOSYS, ENOSYS, t.isArm ? ALLOW : ENOSYS, t.isArm ? ALLOW : ENOSYS, ENOSYS]);
      for (const name of ["mount", "ptrace", "bpf", "setns", "unshare", "init_module", "reboot"]) assert.is(answer(t.names.indexOf(name)), EPERM, name);
    }
    assert.is(run(program, { arch: 1, nr: 0, args: [] }), KILL);
  }
});

test.run();

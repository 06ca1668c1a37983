/**
 * Device rules → who may use which device: the policy they add up to, the
 * BPF program that enforces it on cgroup2, and the lines for the v1 files.
 * Pure. Sources: kernel admin-guide/cgroup-v1/devices.rst, security/
 * device_cgroup.c (how exceptions match), uapi linux/bpf.h; runtime spec §13.
 */
import type { DeviceRule } from "../lxc/description.ts";

/** Access as in bpf_cgroup_dev_ctx. */
export const ACCESS_MKNOD = 1;
export const ACCESS_READ = 2;
export const ACCESS_WRITE = 4;
const ACCESS_ALL = 7;

/** -1: any number. access: sum of ACCESS_*. */
export type DeviceException = { type: "b" | "c"; major: number; minor: number; access: number };

/** What is so for every device but the exceptions. */
export type DevicePolicy = { allowByDefault: boolean; exceptions: DeviceException[] };

function accessBits(words: string): number {
  return (words.includes("m") ? ACCESS_MKNOD : 0) + (words.includes("r") ? ACCESS_READ : 0) + (words.includes("w") ? ACCESS_WRITE : 0);
}

/** Adds an exception, or access to the one there is. */
function addException(list: DeviceException[], e: DeviceException): DeviceException[] {
  const same = list.filter((x) => x.type === e.type && x.major === e.major && x.minor === e.minor);
  if (same.length === 0) return [...list, e];
  return list.map((x) => (x === same[0] ? { type: x.type, major: x.major, minor: x.minor, access: x.access | e.access } : x));
}

/** Takes access from the exception of exactly these numbers. */
function removeException(list: DeviceException[], e: DeviceException): DeviceException[] {
  const out: DeviceException[] = [];
  for (const x of list) {
    const same = x.type === e.type && x.major === e.major && x.minor === e.minor;
    const access = same ? x.access & ~e.access : x.access;
    if (access !== 0) out.push({ type: x.type, major: x.major, minor: x.minor, access });
  }
  return out;
}

/** A rule for everything: it replaces all that came before. */
function isGlobal(r: DeviceRule): boolean {
  return r.type === "a" && r.major === -1 && r.minor === -1;
}

function typesOf(r: DeviceRule): ("b" | "c")[] {
  return r.type === "a" ? ["b", "c"] : [r.type];
}

/**
 * What a list of rules adds up to; no rule allows everything, as a fresh v1
 * cgroup does. Rules by path must have got their numbers before.
 */
export function devicePolicy(rules: DeviceRule[]): DevicePolicy {
  let allowByDefault = true;
  let exceptions: DeviceException[] = [];
  for (const r of rules) {
    if (isGlobal(r)) {
      allowByDefault = r.allow;
      exceptions = [];
      continue;
    }
    for (const type of typesOf(r)) {
      const e = { type, major: r.major, minor: r.minor, access: accessBits(r.access) };
      exceptions = r.allow === allowByDefault ? removeException(exceptions, e) : addException(exceptions, e);
    }
  }
  return { allowByDefault, exceptions };
}

/** Whether a policy restricts anything at all. */
export function restricts(p: DevicePolicy): boolean {
  return !p.allowByDefault || p.exceptions.length > 0;
}

/** Whether a container may do `access` (sum of ACCESS_*) with a device. */
export function allowsDevice(p: DevicePolicy, type: "b" | "c", major: number, minor: number, access: number): boolean {
  for (const e of p.exceptions) {
    if (e.type !== type || (e.major >= 0 && e.major !== major) || (e.minor >= 0 && e.minor !== minor)) continue;
    if (p.allowByDefault ? (access & e.access) !== 0 : (access & ~e.access) === 0) return !p.allowByDefault;
  }
  return p.allowByDefault;
}

const LDX_W = 0x61;
const AND32_K = 0x54;
const RSH32_K = 0x74;
const MOV32_X = 0xbc;
const MOV64_K = 0xb7;
const JNE_K = 0x55;
const JEQ_K = 0x15;
const EXIT = 0x95;
const DEV_BLOCK = 1;
const DEV_CHAR = 2;

type Instruction = { code: number; to: number; from: number; offset: number; value: number };

function op(code: number, to: number, from: number, offset: number, value: number): Instruction {
  return { code, to, from, offset, value };
}

function answer(allow: boolean): Instruction[] {
  return [op(MOV64_K, 0, 0, 0, allow ? 1 : 0), op(EXIT, 0, 0, 0, 0)];
}

/**
 * One exception: registers 2 type, 3 access, 4 major, 5 minor; a test that
 * fails jumps behind the block. Being allowed needs all of the asked access
 * inside the exception, being denied needs one bit of it.
 */
function exceptionBlock(e: DeviceException, allow: boolean): Instruction[] {
  const tests: Instruction[] = [op(JNE_K, 2, 0, 0, e.type === "b" ? DEV_BLOCK : DEV_CHAR)];
  if (e.access !== ACCESS_ALL) {
    tests.push(op(MOV32_X, 1, 3, 0, 0));
    tests.push(op(AND32_K, 1, 0, 0, allow ? ACCESS_ALL - e.access : e.access));
    tests.push(op(allow ? JNE_K : JEQ_K, 1, 0, 0, 0));
  }
  if (e.major >= 0) tests.push(op(JNE_K, 4, 0, 0, e.major));
  if (e.minor >= 0) tests.push(op(JNE_K, 5, 0, 0, e.minor));
  const block = [...tests, ...answer(allow)];
  return block.map((x, i) => (x.code === JNE_K || x.code === JEQ_K ? op(x.code, x.to, x.from, block.length - i - 1, x.value) : x));
}

function encode(instructions: Instruction[]): Uint8Array {
  const out = new Uint8Array(instructions.length * 8);
  for (let i = 0; i < instructions.length; i++) {
    const x = instructions[i]!;
    const at = i * 8;
    out[at] = x.code;
    out[at + 1] = x.to + x.from * 16;
    out[at + 2] = x.offset % 256;
    out[at + 3] = Math.floor(x.offset / 256);
    out[at + 4] = x.value % 256;
    out[at + 5] = Math.floor(x.value / 256) % 256;
    out[at + 6] = Math.floor(x.value / 65536) % 256;
    out[at + 7] = Math.floor(x.value / 16777216) % 256;
  }
  return out;
}

/** The BPF_PROG_TYPE_CGROUP_DEVICE program of a policy: instructions of eight bytes, returning 1 for yes. */
export function deviceProgram(p: DevicePolicy): Uint8Array {
  const all = [
    op(LDX_W, 3, 1, 0, 0), op(LDX_W, 4, 1, 4, 0), op(LDX_W, 5, 1, 8, 0),
    op(MOV32_X, 2, 3, 0, 0), op(AND32_K, 2, 0, 0, 0xffff), op(RSH32_K, 3, 0, 0, 16),
  ];
  for (const e of p.exceptions) for (const x of exceptionBlock(e, !p.allowByDefault)) all.push(x);
  for (const x of answer(p.allowByDefault)) all.push(x);
  return encode(all);
}

function star(n: number): string {
  return n < 0 ? "*" : String(n);
}

/** The v1 writes of a list of rules, in order: [file, line] pairs. The kernel ignores numbers after "a", so such a rule becomes two. */
export function deviceLines(rules: DeviceRule[]): string[][] {
  const out: string[][] = [];
  for (const r of rules) {
    const file = r.allow ? "devices.allow" : "devices.deny";
    if (isGlobal(r)) out.push([file, "a"]);
    else for (const type of typesOf(r)) out.push([file, `${type} ${star(r.major)}:${star(r.minor)} ${r.access}`]);
  }
  return out;
}

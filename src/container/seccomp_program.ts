/**
 * Rules for system calls → a seccomp BPF program. A binary search by number,
 * conditions on arguments behind it. Pure. The program is written from its
 * end to its start, so that every jump knows where it leads.
 * Sources: kernel userspace-api/seccomp_filter.rst, uapi linux/filter.h,
 * linux/seccomp.h.
 */
import type { SeccompAction, SeccompCondition } from "../lxc/seccomp.ts";

const RET_KILL_PROCESS = 0x80000000;
const RET_TRAP = 0x00030000;
const RET_ERRNO = 0x00050000;
const RET_ALLOW = 0x7fff0000;
const ENOSYS = 38;

/** What a filter returns for an action. A call that should be asked about (notify) is unknown: nobody listens. */
export function resultOf(a: SeccompAction): number {
  switch (a.kind) {
    case "allow": return RET_ALLOW;
    case "kill": return RET_KILL_PROCESS;
    case "trap": return RET_TRAP;
    case "errno": return RET_ERRNO + a.errno;
    case "notify": return RET_ERRNO + ENOSYS;
  }
}

export type CallRule = { conditions: SeccompCondition[]; result: number };

/** What one system call gets: the first rule all of whose conditions hold, else the architecture's fallback. */
export type CallRules = { number: number; rules: CallRule[] };

/** calls: in any order, each number once. Numbers from `end` on get `beyond`. */
export type ArchRules = { audit: number; calls: CallRules[]; fallback: number; end: number; beyond: number };

const LD_ABS = 0x20;
const AND_K = 0x54;
const JA = 0x05;
const JEQ = 0x15;
const JGT = 0x25;
const JGE = 0x35;
const RET = 0x06;
const OFFSET_NUMBER = 0;
const OFFSET_ARCH = 4;
const OFFSET_ARGS = 16;
const FARTHEST = 255;

/** A part of the number space with one answer: a result, or the rules of one call. */
type Segment = { start: number; result: number; call: CallRules | null };

class Program {
  private readonly codes: number[] = [];
  private readonly values: number[] = [];
  private readonly whenTrue: number[] = [];
  private readonly whenFalse: number[] = [];
  /** Where each result was last written: by result, its label. */
  private readonly results: number[] = [];
  private readonly resultLabels: number[] = [];

  size(): number {
    return this.codes.length;
  }

  /** Puts an instruction in front of all others; its label counts from the end. */
  private push(code: number, value: number, whenTrue: number, whenFalse: number): number {
    this.codes.push(code);
    this.values.push(value);
    this.whenTrue.push(whenTrue);
    this.whenFalse.push(whenFalse);
    return this.codes.length - 1;
  }

  private load(offset: number): number {
    return this.push(LD_ABS, offset, 0, 0);
  }

  /** A label that a jump of the next few instructions reaches. */
  private near(label: number): number {
    return this.size() - label < FARTHEST - 4 ? label : this.push(JA, this.size() - label - 1, 0, 0);
  }

  private test(code: number, value: number, pass: number, fail: number): number {
    const p = this.near(pass);
    const f = this.near(fail);
    const at = this.size();
    return this.push(code, value, at - p - 1, at - f - 1);
  }

  /** Label of an instruction that returns the result, shared where one is in reach. */
  answer(result: number): number {
    const known = this.results.indexOf(result);
    if (known >= 0 && this.size() - this.resultLabels[known]! < FARTHEST / 2) return this.resultLabels[known]!;
    const label = this.push(RET, result, 0, 0);
    if (known >= 0) this.resultLabels[known] = label;
    else {
      this.results.push(result);
      this.resultLabels.push(label);
    }
    return label;
  }

  /** Greater, or also equal (lastTest JGE), in 64 bits. */
  private greater(c: SeccompCondition, low: number, high: number, lastTest: number, pass: number, fail: number): number {
    this.test(lastTest, c.valueLow, pass, fail);
    const lows = this.load(low);
    const equal = this.test(JEQ, c.valueHigh, lows, fail);
    this.test(JGT, c.valueHigh, pass, equal);
    return this.load(high);
  }

  private condition(c: SeccompCondition, pass: number, fail: number): number {
    const low = OFFSET_ARGS + 8 * c.index;
    const high = low + 4;
    switch (c.op) {
      case ">": return this.greater(c, low, high, JGT, pass, fail);
      case ">=": return this.greater(c, low, high, JGE, pass, fail);
      case "<": return this.greater(c, low, high, JGE, fail, pass);
      case "<=": return this.greater(c, low, high, JGT, fail, pass);
      case "==": return this.equal(c, low, high, pass, fail);
      case "!=": return this.equal(c, low, high, fail, pass);
      case "&=": return this.masked(c, low, high, pass, fail);
    }
  }

  private equal(c: SeccompCondition, low: number, high: number, pass: number, fail: number): number {
    this.test(JEQ, c.valueLow, pass, fail);
    const lows = this.load(low);
    this.test(JEQ, c.valueHigh, lows, fail);
    return this.load(high);
  }

  private masked(c: SeccompCondition, low: number, high: number, pass: number, fail: number): number {
    this.test(JEQ, c.valueLow, pass, fail);
    this.push(AND_K, c.maskLow, 0, 0);
    const lows = this.load(low);
    if (c.maskHigh === 0 && c.valueHigh === 0) return lows;
    this.test(JEQ, c.valueHigh, lows, fail);
    this.push(AND_K, c.maskHigh, 0, 0);
    return this.load(high);
  }

  /** The rules of one call in order. */
  private call(c: CallRules, fallback: number): number {
    let next = this.answer(fallback);
    for (let i = c.rules.length - 1; i >= 0; i--) {
      const rule = c.rules[i]!;
      let label = this.answer(rule.result);
      for (let j = rule.conditions.length - 1; j >= 0; j--) label = this.condition(rule.conditions[j]!, label, next);
      next = label;
    }
    return next;
  }

  /** Search among segments first..last: the number is in one of them. */
  private search(segments: Segment[], first: number, last: number, fallback: number): number {
    if (first === last) {
      const s = segments[first]!;
      return s.call === null ? this.answer(s.result) : this.call(s.call, fallback);
    }
    const middle = Math.ceil((first + last) / 2);
    const above = this.search(segments, middle, last, fallback);
    const below = this.search(segments, first, middle - 1, fallback);
    return this.test(JGE, segments[middle]!.start, above, below);
  }

  arch(a: ArchRules): number {
    const segments = segmentsOf(a);
    const tree = this.search(segments, 0, segments.length - 1, a.fallback);
    // the search starts with the instruction written last, or it is a shared answer
    if (tree !== this.size() - 1) this.push(JA, this.size() - tree - 1, 0, 0);
    return this.load(OFFSET_NUMBER);
  }

  /** What comes first: which architecture the call is of. */
  head(audits: number[], labels: number[], foreign: number): void {
    let next = this.push(RET, foreign, 0, 0);
    for (let i = 0; i < audits.length; i++) next = this.test(JEQ, audits[i]!, labels[i]!, next);
    this.load(OFFSET_ARCH);
  }

  /** The bytes of struct sock_filter, in the order of execution. */
  bytes(): Uint8Array {
    const n = this.size();
    const out = new Uint8Array(n * 8);
    for (let i = 0; i < n; i++) {
      const from = n - 1 - i;
      const at = i * 8;
      out[at] = this.codes[from]!;
      out[at + 2] = this.whenTrue[from]!;
      out[at + 3] = this.whenFalse[from]!;
      let rest = this.values[from]!;
      for (let b = 4; b < 8; b++) {
        const low = rest % 256;
        out[at + b] = low;
        rest = (rest - low) / 256;
      }
    }
    return out;
  }
}

/** Rules without conditions are their result; what comes after the first of them is never asked. */
function simplified(c: CallRules): CallRules {
  for (let i = 0; i < c.rules.length; i++) {
    if (c.rules[i]!.conditions.length === 0) return { number: c.number, rules: c.rules.slice(0, i + 1) };
  }
  return c;
}

function segmentsOf(a: ArchRules): Segment[] {
  const calls = a.calls.map(simplified);
  calls.sort((x, y) => x.number - y.number);
  const out: Segment[] = [];
  const add = (start: number, result: number, call: CallRules | null): void => {
    const last = out.length - 1;
    if (last >= 0 && out[last]!.start === start) out.pop();
    const before = out.length - 1;
    if (call === null && before >= 0 && out[before]!.call === null && out[before]!.result === result) return;
    out.push({ start, result, call });
  };
  add(0, a.fallback, null);
  for (const c of calls) {
    if (a.end > 0 && c.number >= a.end && out[out.length - 1]!.start < a.end) add(a.end, a.beyond, null);
    const plain = c.rules.length > 0 && c.rules[0]!.conditions.length === 0;
    add(c.number, plain ? c.rules[0]!.result : 0, plain || c.rules.length === 0 ? null : c);
    add(c.number + 1, a.end > 0 && c.number + 1 >= a.end ? a.beyond : a.fallback, null);
  }
  if (a.end > 0 && out[out.length - 1]!.start < a.end) add(a.end, a.beyond, null);
  return out;
}

/** foreign: result for calls of any other architecture. */
export function seccompProgram(arches: ArchRules[], foreign: number): Uint8Array {
  const p = new Program();
  const labels = arches.map((a) => p.arch(a));
  p.head(arches.map((a) => a.audit), labels, foreign);
  return p.bytes();
}

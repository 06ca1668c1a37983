/**
 * Rules for system calls → a seccomp BPF program. A binary search by number,
 * conditions on arguments behind it. Pure. The program is written from its
 * end to its start, so that every jump knows where it leads.
 * Sources: kernel userspace-api/seccomp_filter.rst, uapi linux/filter.h,
 * linux/seccomp.h.
 */
import type { SeccompAction, SeccompCondition } from "../lxc/seccomp.ts";
import { putU32 } from "../sys/bytes.ts";

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

/**
 * What the calls of one architecture get. numbers: ascending, each once;
 * rules[i] of numbers[i]: the first one all of whose conditions hold decides,
 * else `fallback`. Calls without rules get `fallback`, and `beyond` from
 * number `end` on (0: no such border).
 */
export type ArchRules = { audit: number; numbers: number[]; rules: CallRule[][]; fallback: number; end: number; beyond: number };

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

const INSTRUCTION_BYTES = 8;
/** Instructions that a program has room for before its buffer grows. */
const USUAL_LENGTH = 320;

class Program {
  /** Written from its end; `length` instructions are there. */
  private buffer: Uint8Array = new Uint8Array(USUAL_LENGTH * INSTRUCTION_BYTES);
  private length = 0;
  /** Where each result was last written: by result, its label. */
  private readonly results: number[] = [];
  private readonly resultLabels: number[] = [];

  size(): number {
    return this.length;
  }

  /** Puts an instruction in front of all others; its label counts from the end. */
  private push(code: number, value: number, whenTrue: number, whenFalse: number): number {
    if ((this.length + 1) * INSTRUCTION_BYTES > this.buffer.length) this.grow();
    const b = this.buffer;
    const at = b.length - (this.length + 1) * INSTRUCTION_BYTES;
    b[at] = code;
    b[at + 2] = whenTrue;
    b[at + 3] = whenFalse;
    if (value < 256) b[at + 4] = value;
    else putU32(b, at + 4, value);
    this.length = this.length + 1;
    return this.length - 1;
  }

  private grow(): void {
    const larger = new Uint8Array(this.buffer.length * 2);
    larger.set(this.buffer, this.buffer.length);
    this.buffer = larger;
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
  private call(rules: CallRule[], fallback: number): number {
    let next = this.answer(fallback);
    for (let i = rules.length - 1; i >= 0; i--) {
      const rule = rules[i]!;
      let label = this.answer(rule.result);
      for (let j = rule.conditions.length - 1; j >= 0; j--) label = this.condition(rule.conditions[j]!, label, next);
      next = label;
    }
    return next;
  }

  /** Search among segments first..last: the number is in one of them. */
  private search(s: Segments, first: number, last: number): number {
    if (first === last) {
      const what = s.answers[first]!;
      return what >= 0 ? this.answer(what) : this.call(s.arch.rules[-1 - what]!, s.arch.fallback);
    }
    const middle = Math.ceil((first + last) / 2);
    const above = this.search(s, middle, last);
    const below = this.search(s, first, middle - 1);
    return this.test(JGE, s.starts[middle]!, above, below);
  }

  /** Everything for the calls of one architecture; result: where it begins. */
  add(arch: ArchRules): number {
    const segments = new Segments(arch);
    const tree = this.search(segments, 0, segments.starts.length - 1);
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
    return this.buffer.slice(this.buffer.length - this.length * INSTRUCTION_BYTES);
  }
}

/** The number space in parts with one answer each, in parallel lists: where a part starts, and its result, or -1 less the place of its rules. */
class Segments {
  readonly arch: ArchRules;
  readonly starts: number[] = [];
  readonly answers: number[] = [];

  constructor(arch: ArchRules) {
    this.arch = arch;
    let split = arch.end === 0;
    let next = 0;
    for (let i = 0; i < arch.numbers.length; i++) {
      const number = arch.numbers[i]!;
      if (!split && number >= arch.end) {
        if (next < arch.end) this.plain(next, arch.fallback);
        this.plain(Math.max(next, arch.end), arch.beyond);
        split = true;
      } else if (next < number) {
        this.plain(next, split && arch.end > 0 ? arch.beyond : arch.fallback);
      }
      this.call(number, i);
      next = number + 1;
    }
    if (!split && next < arch.end) this.plain(next, arch.fallback);
    this.plain(Math.max(next, arch.end), arch.end > 0 ? arch.beyond : arch.fallback);
  }

  private call(number: number, place: number): void {
    const first = this.arch.rules[place]![0]!;
    if (first.conditions.length === 0) this.plain(number, first.result);
    else this.push(number, -1 - place);
  }

  private plain(start: number, result: number): void {
    const last = this.answers.length - 1;
    if (last < 0 || this.answers[last]! !== result) this.push(start, result);
  }

  private push(start: number, answer: number): void {
    this.starts.push(start);
    this.answers.push(answer);
  }
}

/** foreign: result for calls of any other architecture. */
export function seccompProgram(arches: ArchRules[], foreign: number): Uint8Array {
  const p = new Program();
  const labels: number[] = [];
  const audits: number[] = [];
  for (const a of arches) {
    audits.push(a.audit);
    labels.push(p.add(a));
  }
  p.head(audits, labels, foreign);
  return p.bytes();
}

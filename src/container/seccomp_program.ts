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

/**
 * What the calls of one architecture get. numbers: ascending, each once;
 * answers[i] of numbers[i]: a result, or -1 less the place in `rules` of those
 * that ask for arguments. The first rule all of whose conditions hold decides,
 * else `fallback`. Other calls get `fallback`, and `beyond` from number `end`
 * on (0: no such border).
 */
export type ArchRules = { audit: number; numbers: number[]; answers: number[]; rules: CallRule[][]; fallback: number; end: number; beyond: number };

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

/** Of struct sock_filter: what to do and how far to jump, and a value. */
const INSTRUCTION_WORDS = 2;
/** Instructions that a program has room for before its buffer grows. */
const USUAL_LENGTH = 320;

class Program {
  /** Written from its end; `length` instructions are there. */
  private words: Int32Array = new Int32Array(USUAL_LENGTH * INSTRUCTION_WORDS);
  private length = 0;
  /** Every result, and the label where it was last written; -1: nowhere yet. */
  private readonly results: number[] = [];
  private readonly labels: number[] = [];

  size(): number {
    return this.length;
  }

  /** Puts an instruction in front of all others; its label counts from the end. */
  private push(code: number, value: number, whenTrue: number, whenFalse: number): number {
    const label = this.length;
    const words = this.words;
    const at = words.length - (label + 1) * INSTRUCTION_WORDS;
    if (at < 0) {
      this.grow();
      return this.push(code, value, whenTrue, whenFalse);
    }
    words[at] = code + whenTrue * 0x10000 + whenFalse * 0x1000000;
    words[at + 1] = value;
    this.length = label + 1;
    return label;
  }

  private grow(): void {
    const larger = new Int32Array(this.words.length * 2);
    larger.set(this.words, this.words.length);
    this.words = larger;
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

  /** Place of a result in the list of all. */
  placeOf(result: number): number {
    const known = this.results.indexOf(result);
    if (known >= 0) return known;
    this.results.push(result);
    return this.labels.push(-1) - 1;
  }

  /** Label of an instruction that returns the result at that place, shared where one is in reach. */
  private answer(place: number): number {
    let label = this.labels[place]!;
    if (label < 0 || this.length - label >= FARTHEST / 2) {
      label = this.push(RET, this.results[place]!, 0, 0);
      this.labels[place] = label;
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
    let next = this.answer(this.placeOf(fallback));
    for (let i = rules.length - 1; i >= 0; i--) {
      const rule = rules[i]!;
      let label = this.answer(this.placeOf(rule.result));
      for (let j = rule.conditions.length - 1; j >= 0; j--) label = this.condition(rule.conditions[j]!, label, next);
      next = label;
    }
    return next;
  }

  /** Search among segments first..last: the number is in one of them. */
  private search(s: Segments, first: number, last: number): number {
    if (first === last) {
      const what = s.answer(first);
      return what >= 0 ? this.answer(what) : this.call(s.arch.rules[-1 - what]!, s.arch.fallback);
    }
    const middle = Math.ceil((first + last) / 2);
    const above = this.search(s, middle, last);
    const below = this.search(s, first, middle - 1);
    return this.test(JGE, s.start(middle), above, below);
  }

  /** Everything for the calls of one architecture; result: where it begins. */
  add(arch: ArchRules): number {
    const segments = new Segments(arch, this);
    const tree = this.search(segments, 0, segments.count - 1);
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
    const size = this.length * INSTRUCTION_WORDS * 4;
    return Buffer.from(this.words.buffer, this.words.byteLength - size, size);
  }
}

/** The number space in parts with one answer each: where a part starts, and the place of its result, or -1 less the place of its rules. */
class Segments {
  readonly arch: ArchRules;
  count = 0;
  /** Pairs. A number ends at most one part and begins another. */
  private readonly cells: Int32Array;

  constructor(arch: ArchRules, results: Program) {
    this.arch = arch;
    this.cells = new Int32Array(4 * arch.numbers.length + 6);
    const fallback = results.placeOf(arch.fallback);
    const beyond = results.placeOf(arch.end > 0 ? arch.beyond : arch.fallback);
    let split = arch.end === 0;
    let next = 0;
    for (let i = 0; i < arch.numbers.length; i++) {
      const number = arch.numbers[i]!;
      const answer = arch.answers[i]!;
      if (!split && number >= arch.end) {
        if (next < arch.end) this.plain(next, fallback);
        this.plain(Math.max(next, arch.end), beyond);
        split = true;
      } else if (next < number) {
        this.plain(next, split ? beyond : fallback);
      }
      if (answer < 0) this.push(number, answer);
      else this.plain(number, results.placeOf(answer));
      next = number + 1;
    }
    if (!split && next < arch.end) this.plain(next, fallback);
    this.plain(Math.max(next, arch.end), beyond);
  }

  /** Any 32 bits: numbers of version 1 are as a file says. */
  start(segment: number): number {
    const n = this.cells[2 * segment]!;
    return n < 0 ? n + 4294967296 : n;
  }

  answer(segment: number): number {
    return this.cells[2 * segment + 1]!;
  }

  private plain(start: number, result: number): void {
    if (this.count === 0 || this.answer(this.count - 1) !== result) this.push(start, result);
  }

  private push(start: number, answer: number): void {
    this.cells[2 * this.count] = start;
    this.cells[2 * this.count + 1] = answer;
    this.count = this.count + 1;
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

/**
 * Which keys of a state a pattern of a signature names: POSIX fnmatch with
 * FNM_PATHNAME, and `P/**` for P and everything below it. A pure matcher of
 * its own, since what a device accepts must not depend on a C library.
 * Rules: state format, "Signatures", "Matching"; POSIX XCU 2.13 for the rest.
 */

const SLASH = 47;
const STAR = 42;
const QUESTION = 63;
const OPEN = 91;
const CLOSE = 93;
const BACKSLASH = 92;
const BANG = 33;
const CARET = 94;
const DASH = 45;
const COLON = 58;

/** Characters that matching all signatures of a state may look at. A thousand containers that each sign their own need 1.1 million. */
const MOST_STEPS = 20000000;

/** Characters looked at so far: a hostile header must not keep a device busy. */
export class Work {
  steps: number = 0;

  /** Nothing matches any more; what did so far is not all. */
  isSpent(): boolean {
    return this.steps > MOST_STEPS;
  }
}

/** A pattern taken apart once: `glob` is matched, `below` says that a key under a match matches too. */
export type Pattern = {
  glob: string;
  below: boolean;
  /** What every matching key begins with: the text before the first special character. */
  prefix: string;
  /** Place of the last `]` of the glob, or -1: no bracket that opens behind it ends. */
  lastClose: number;
  /** Where its components end; found when it is matched first. */
  cuts: number[];
  /** By place of a `[` what bracketEnd() says of it, UNKNOWN before it was asked; empty before the first. */
  brackets: number[];
};

const UNKNOWN = -2;

type CharacterClass = { name: string; ranges: number[] };

/** Pairs of first and last ASCII code of each named class. */
const CLASSES: CharacterClass[] = [
  { name: "alnum", ranges: [48, 57, 65, 90, 97, 122] },
  { name: "alpha", ranges: [65, 90, 97, 122] },
  { name: "blank", ranges: [9, 9, 32, 32] },
  { name: "cntrl", ranges: [0, 31, 127, 127] },
  { name: "digit", ranges: [48, 57] },
  { name: "graph", ranges: [33, 126] },
  { name: "lower", ranges: [97, 122] },
  { name: "print", ranges: [32, 126] },
  { name: "punct", ranges: [33, 47, 58, 64, 91, 96, 123, 126] },
  { name: "space", ranges: [9, 13, 32, 32] },
  { name: "upper", ranges: [65, 90] },
  { name: "xdigit", ranges: [48, 57, 65, 70, 97, 102] },
];

function inClass(name: string, c: number): boolean {
  const found = CLASSES.find((k) => k.name === name);
  if (found === undefined) return false;
  for (let i = 0; i < found.ranges.length; i += 2) {
    if (c >= found.ranges[i]! && c <= found.ranges[i + 1]!) return true;
  }
  return false;
}

/** Code at a place of the text, with a surrogate pair taken as the one character it is. */
function codeAt(text: string, at: number): number {
  const c = text.charCodeAt(at);
  if (c < 0xd800 || c > 0xdbff || at + 1 >= text.length) return c;
  const low = text.charCodeAt(at + 1);
  return low < 0xdc00 || low > 0xdfff ? c : (c - 0xd800) * 1024 + (low - 0xdc00) + 0x10000;
}

function widthOf(code: number): number {
  return code > 0xffff ? 2 : 1;
}

/** Place of the `]` that ends the bracket opened at `open`, or -1 when none does: then `[` means itself. */
function bracketEnd(p: Pattern, open: number, end: number, work: Work): number {
  if (open > p.lastClose) return -1;
  const glob = p.glob;
  let at = open + 1;
  if (at < end && (glob.charCodeAt(at) === BANG || glob.charCodeAt(at) === CARET)) at += 1;
  if (at < end && glob.charCodeAt(at) === CLOSE) at += 1;
  while (at < end) {
    const c = glob.charCodeAt(at);
    work.steps = work.steps + 1;
    if (c === CLOSE) return at;
    const isClass = c === OPEN && at + 1 < end && glob.charCodeAt(at + 1) === COLON;
    const classEnd = isClass ? glob.indexOf(":]", at + 2) : -1;
    if (isClass) work.steps = work.steps + (classEnd < 0 ? glob.length : classEnd) - at;
    if (classEnd >= 0 && classEnd + 1 < end) at = classEnd + 2;
    else at += c === BACKSLASH && at + 1 < end ? 2 : 1;
  }
  return -1;
}

/** As bracketEnd(), looked for once: a star comes back to the same bracket for every character of a key. */
function bracketAt(p: Pattern, open: number, end: number, work: Work): number {
  if (p.brackets.length === 0) for (let i = 0; i < p.glob.length; i++) p.brackets.push(UNKNOWN);
  if (p.brackets[open] === UNKNOWN) p.brackets[open] = bracketEnd(p, open, end, work);
  return p.brackets[open]!;
}

/** Does the bracket between `open` and `close` hold the character? */
function bracketHolds(glob: string, open: number, close: number, c: number): boolean {
  let at = open + 1;
  const negated = glob.charCodeAt(at) === BANG || glob.charCodeAt(at) === CARET;
  if (negated) at += 1;
  let holds = false;
  while (at < close) {
    if (glob.charCodeAt(at) === OPEN && glob.charCodeAt(at + 1) === COLON) {
      const classEnd = glob.indexOf(":]", at + 2);
      if (classEnd >= 0 && classEnd + 1 < close) {
        if (inClass(glob.slice(at + 2, classEnd), c)) holds = true;
        at = classEnd + 2;
        continue;
      }
    }
    if (glob.charCodeAt(at) === BACKSLASH && at + 1 < close) at += 1;
    const first = codeAt(glob, at);
    at += widthOf(first);
    let last = first;
    if (at + 1 < close && glob.charCodeAt(at) === DASH) {
      at += 1;
      if (glob.charCodeAt(at) === BACKSLASH && at + 1 < close) at += 1;
      last = codeAt(glob, at);
      at += widthOf(last);
    }
    if (c >= first && c <= last) holds = true;
  }
  return holds !== negated;
}

/**
 * Where the pattern goes on after matching one character `c` at `at` (which is
 * no star), or -1 when it doesn't match.
 */
function step(p: Pattern, at: number, end: number, c: number, work: Work): number {
  const glob = p.glob;
  const wanted = glob.charCodeAt(at);
  if (wanted === QUESTION) return at + 1;
  if (wanted === OPEN) {
    const close = bracketAt(p, at, end, work);
    if (close >= 0) return bracketHolds(glob, at, close, c) ? close + 1 : -1;
  }
  const literal = wanted === BACKSLASH && at + 1 < end ? at + 1 : at;
  const code = codeAt(glob, literal);
  return code === c ? literal + widthOf(code) : -1;
}

/** One path component against one of the pattern. Goes back to the last star only. */
function matchComponent(p: Pattern, gAt: number, gEnd: number, key: string, kAt: number, kEnd: number, work: Work): boolean {
  const glob = p.glob;
  let g = gAt;
  let k = kAt;
  let starNext = -1;
  let starKey = 0;
  while (k < kEnd) {
    if (work.isSpent()) return false;
    work.steps = work.steps + 1;
    if (g < gEnd && glob.charCodeAt(g) === STAR) {
      starNext = g + 1;
      starKey = k;
      g = starNext;
      continue;
    }
    const c = codeAt(key, k);
    const next = g < gEnd ? step(p, g, gEnd, c, work) : -1;
    if (next >= 0) {
      g = next;
      k += widthOf(c);
      continue;
    }
    if (starNext < 0) return false;
    starKey += widthOf(codeAt(key, starKey));
    k = starKey;
    g = starNext;
  }
  while (g < gEnd && glob.charCodeAt(g) === STAR) g += 1;
  return g === gEnd;
}

/** Place of the slash that ends the component beginning at `at`, or the end. One in a bracket or escaped ends it too, as in musl's fnmatch. */
function componentEnd(p: Pattern, at: number, work: Work): number {
  const glob = p.glob;
  let i = at;
  while (i < glob.length) {
    const c = glob.charCodeAt(i);
    if (c === SLASH) return i;
    if (c === BACKSLASH && i + 1 < glob.length) {
      if (glob.charCodeAt(i + 1) === SLASH) return i;
      i += 2;
      continue;
    }
    const close = c === OPEN ? bracketEnd(p, i, glob.length, work) : -1;
    i = close >= 0 ? close + 1 : i + 1;
  }
  work.steps = work.steps + (i - at);
  return i;
}

function literalPrefix(glob: string): string {
  for (let i = 0; i < glob.length; i++) {
    const c = glob.charCodeAt(i);
    if (c === STAR || c === QUESTION || c === OPEN || c === BACKSLASH) return glob.slice(0, i);
  }
  return glob;
}

/** Takes a pattern of a signature header apart. A lone `**` becomes an empty pattern, which matches nothing. */
export function parsePattern(text: string): Pattern {
  const glob = text === "**" ? "" : text.endsWith("/**") ? text.slice(0, text.length - 3) : text;
  return { glob, below: glob !== text, prefix: literalPrefix(glob), lastClose: glob.lastIndexOf("]"), cuts: [], brackets: [] };
}

/** Place behind the slash that ends a component, which may be escaped. */
function afterSlash(glob: string, cut: number): number {
  return cut + (glob.charCodeAt(cut) === BACKSLASH ? 2 : 1);
}

function cutComponents(p: Pattern, work: Work): void {
  let end = componentEnd(p, 0, work);
  p.cuts.push(end);
  while (end < p.glob.length) {
    end = componentEnd(p, afterSlash(p.glob, end), work);
    p.cuts.push(end);
  }
}

/** Does the pattern name this key of a state? No, when the work is spent. */
export function matchesPattern(p: Pattern, key: string, work: Work): boolean {
  if (work.isSpent()) return false;
  if (p.cuts.length === 0) cutComponents(p, work);
  let g = 0;
  let k = 0;
  for (let i = 0; i < p.cuts.length; i++) {
    const gEnd = p.cuts[i]!;
    const slash = key.indexOf("/", k);
    const kEnd = slash < 0 ? key.length : slash;
    const more = i + 1 < p.cuts.length;
    if (more !== slash >= 0 && (more || !p.below)) return false;
    if (!matchComponent(p, g, gEnd, key, k, kEnd, work)) return false;
    g = afterSlash(p.glob, gEnd);
    k = kEnd + 1;
  }
  return true;
}

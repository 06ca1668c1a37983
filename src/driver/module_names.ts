/**
 * Names of kernel modules: "-" and "_" are the same letter, files add folders,
 * ".ko" and maybe the suffix of a compression. Only text.
 * Source: modprobe(8), kernel scripts/Makefile.modfinal.
 */

const DASH = 45;
const UNDERSCORE = 95;

function sameLetter(a: number, b: number): boolean {
  return a === b || ((a === DASH || a === UNDERSCORE) && (b === DASH || b === UNDERSCORE));
}

/** The name as /sys/module spells it. */
export function kernelName(name: string): string {
  return name.split("-").join("_");
}

/** Does `name` stand in `text` from `at` on, whichever of "-" and "_" is used? */
export function nameStandsAt(text: string, at: number, name: string): boolean {
  if (at < 0 || at + name.length > text.length) return false;
  for (let i = 0; i < name.length; i++) {
    if (!sameLetter(text.charCodeAt(at + i), name.charCodeAt(i))) return false;
  }
  return true;
}

/** "snd_pcm" of "kernel/sound/core/snd-pcm.ko.xz"; a bare name is itself. */
export function nameOfFile(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  const suffix = file.indexOf(".ko");
  return kernelName(suffix < 0 ? file : file.slice(0, suffix));
}

/** Is the file compressed, so that only a kernel that unpacks modules itself can take it? */
export function isCompressed(path: string): boolean {
  return path.endsWith(".ko.xz") || path.endsWith(".ko.zst") || path.endsWith(".ko.gz");
}

/**
 * Shell pattern (* ? [a-z] [!a-z]) from..to of `text` against the whole of
 * `subject`, with "-" and "_" equal outside brackets. Linear in memory; time
 * is at most pattern × subject.
 */
export function patternFits(text: string, from: number, to: number, subject: string): boolean {
  let p = from;
  let s = 0;
  let starPattern = -1;
  let starSubject = 0;
  while (s < subject.length) {
    const c = p < to ? text.charCodeAt(p) : 0;
    if (c === 42) {
      starPattern = p + 1;
      starSubject = s;
      p += 1;
      continue;
    }
    const next = p < to ? afterOne(text, p, to, subject.charCodeAt(s)) : -1;
    if (next >= 0) {
      p = next;
      s += 1;
    } else if (starPattern >= 0) {
      starSubject += 1;
      s = starSubject;
      p = starPattern;
    } else return false;
  }
  while (p < to && text.charCodeAt(p) === 42) p += 1;
  return p === to;
}

/** Position behind the pattern element at `p` when it accepts `c`, else -1. */
function afterOne(text: string, p: number, to: number, c: number): number {
  const e = text.charCodeAt(p);
  if (e === 63) return p + 1;
  if (e !== 91) return sameLetter(e, c) ? p + 1 : -1;
  let at = p + 1;
  const negated = at < to && (text.charCodeAt(at) === 33 || text.charCodeAt(at) === 94);
  if (negated) at += 1;
  let inside = false;
  let first = true;
  while (at < to && (first || text.charCodeAt(at) !== 93)) {
    first = false;
    const low = text.charCodeAt(at);
    const isRange = at + 2 < to && text.charCodeAt(at + 1) === DASH && text.charCodeAt(at + 2) !== 93;
    const high = isRange ? text.charCodeAt(at + 2) : low;
    if (c >= low && c <= high) inside = true;
    at += isRange ? 3 : 1;
  }
  return at < to && inside !== negated ? at + 1 : -1;
}

/**
 * Which keys of a state one signature includes, and which it covers. Keys are
 * sorted once, so that a pattern looks only at those it can match: the work
 * grows with what signatures name, not with signatures times keys.
 * Rules: state format, "Signatures", "Matching".
 */
import { matchesPattern, type Pattern, Work } from "./pattern.ts";

/** The keys of a state in document order, their places in sorted order, and what matching them has cost. */
export type KeyIndex = {
  keys: string[];
  sorted: number[];
  work: Work;
};

/** What one signature selects: places in the state's document order. */
export type Selection = {
  /** Rising, each once. */
  included: number[];
  /** Matched by an include or an exclude pattern; in no order, some more than once. */
  covered: number[];
};

/** Index over the keys of a state. */
export function indexKeys(keys: string[]): KeyIndex {
  const sorted = keys.map((_key, i) => i);
  sorted.sort((a, b) => {
    const left = keys[a]!;
    const right = keys[b]!;
    return left < right ? -1 : left > right ? 1 : a - b;
  });
  return { keys, sorted, work: new Work() };
}

/** First place in sorted order whose key is not less than the prefix. */
function lowerBound(index: KeyIndex, prefix: string): number {
  let low = 0;
  let high = index.sorted.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (index.keys[index.sorted[middle]!]! < prefix) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Places (in document order of the state) of the keys the pattern names; in sorted order. */
export function keysMatching(index: KeyIndex, p: Pattern): number[] {
  const found: number[] = [];
  for (let i = lowerBound(index, p.prefix); i < index.sorted.length; i++) {
    const place = index.sorted[i]!;
    const key = index.keys[place]!;
    if (!key.startsWith(p.prefix) || index.work.isSpent()) break;
    if (matchesPattern(p, key, index.work)) found.push(place);
  }
  return found;
}

function allMatching(index: KeyIndex, patterns: Pattern[]): number[] {
  const found: number[] = [];
  for (const p of patterns) {
    for (const place of keysMatching(index, p)) found.push(place);
  }
  found.sort((a, b) => a - b);
  return found;
}

/** Not whole when the work is spent. What include patterns match and no exclude pattern does is included; what any of them matches is covered. */
export function selectKeys(index: KeyIndex, include: Pattern[], exclude: Pattern[]): Selection {
  const named = allMatching(index, include);
  const barred = allMatching(index, exclude);
  const included: number[] = [];
  let next = 0;
  let last = -1;
  for (const place of named) {
    while (next < barred.length && barred[next]! < place) next += 1;
    if (place === last || (next < barred.length && barred[next] === place)) continue;
    included.push(place);
    last = place;
  }
  return { included, covered: named.concat(barred) };
}

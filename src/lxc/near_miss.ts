/**
 * "Did you mean …": the known word nearest to a misspelt one.
 */

/** Levenshtein distance; stops counting past `limit` and returns limit + 1. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous: number[] = [];
  for (let j = 0; j <= b.length; j++) previous.push(j);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const swap = previous[j - 1]! + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      const d = Math.min(swap, previous[j]! + 1, row[j - 1]! + 1);
      row.push(d);
      if (d < best) best = d;
    }
    if (best > limit) return limit + 1;
    previous = row;
  }
  return previous[b.length]!;
}

/** The word of `known` that differs from `word` in the fewest places, at most three and a quarter of its length; "" when none does. */
export function nearMiss(word: string, known: string[]): string {
  if (word.length > 80) return "";
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 4)));
  let found = "";
  for (let i = 0; i < known.length; i++) {
    const k = known[i]!;
    const d = distance(word, k, limit);
    if (d > limit || (found !== "" && d === limit)) continue;
    found = k;
    limit = d;
  }
  return found;
}

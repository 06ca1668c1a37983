/**
 * "Did you mean …": the known word nearest to a misspelt one.
 */

/**
 * Levenshtein distance; stops counting past `limit` and returns limit + 1.
 * Only the band of cells that can stay within it is looked at. row: scratch
 * of at least b.length + 1 numbers.
 */
function distance(a: string, b: string, limit: number, row: number[]): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  for (let j = 0; j <= b.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    const from = Math.max(1, i - limit);
    const to = Math.min(b.length, i + limit);
    const letter = a.charCodeAt(i - 1);
    let corner = row[from - 1]!;
    let left = from === 1 ? i : limit + 1;
    let best = left;
    row[from - 1] = left;
    for (let j = from; j <= to; j++) {
      const up = j === i + limit ? limit + 1 : row[j]!;
      const swap = corner + (letter === b.charCodeAt(j - 1) ? 0 : 1);
      left = Math.min(swap, Math.min(up, left) + 1);
      corner = up;
      row[j] = left;
      if (left < best) best = left;
    }
    if (best > limit) return limit + 1;
  }
  return row[b.length]!;
}

/** The word of `known` that differs from `word` in the fewest places, at most three and a quarter of its length; "" when none does. */
export function nearMiss(word: string, known: string[]): string {
  if (word.length > 80) return "";
  let limit = Math.min(3, Math.max(1, Math.floor(word.length / 4)));
  let found = "";
  const row: number[] = [];
  for (let j = 0; j <= word.length + limit; j++) row.push(j);
  for (let i = 0; i < known.length; i++) {
    const k = known[i]!;
    const d = distance(word, k, limit, row);
    if (d > limit || (found !== "" && d === limit)) continue;
    found = k;
    limit = d;
  }
  return found;
}

/**
 * Aligned tables for people. Widths count characters; the last column is not
 * padded.
 */

/** Rows (the first is the heading) as lines, columns two blanks apart. */
export function formatTable(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      const width = row[i]!.length;
      if (i >= widths.length) widths.push(width);
      else if (width > widths[i]!) widths[i] = width;
    }
  }
  const lines: string[] = [];
  for (const row of rows) {
    const cells = row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!)));
    lines.push(`${cells.join("  ")}\n`);
  }
  return lines.join("");
}

/** "3 s", "12 min", "5 h", "9 d" of milliseconds. */
export function formatDuration(ms: number): string {
  const s = Math.floor(ms / 1000);
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h`;
  return `${Math.floor(s / 86400)} d`;
}

/** "812 K", "4.2 M" of bytes; "-" for a negative number. */
export function formatBytes(n: number): string {
  if (n < 0) return "-";
  if (n < 1048576) return `${Math.ceil(n / 1024)} K`;
  return `${Math.floor(n / 104857.6) / 10} M`;
}

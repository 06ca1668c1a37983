/**
 * What many measurements say, and tables of it. Pure.
 */

/** The value below which the share p (0..1) of the measurements lies; p 0.5 is the median. NaN for none. */
export function quantile(values: number[], p: number): number {
  if (values.length === 0) return NaN;
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))]!;
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Number with so many digits behind the point; "-" for none. */
export function figure(value: number, digits: number = 2): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}

/** "4.10 (3.90-5.02)": median, and the range from a tenth to nine tenths of the measurements. */
export function spread(values: number[], digits: number = 2): string {
  return `${figure(median(values), digits)} (${figure(quantile(values, 0.1), digits)}-${figure(quantile(values, 0.9), digits)})`;
}

/** A Markdown table whose columns are aligned, so that it reads well in a terminal too. */
export function table(head: string[], rows: string[][]): string {
  const widths = head.map((h, i) => Math.max(h.length, ...rows.map((r) => (r[i] ?? "").length)));
  const line = (cells: string[]): string => `| ${cells.map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!))).join(" | ")} |`;
  return [line(head), `|${widths.map((w, i) => (i === 0 ? "-".repeat(w + 2) : `${"-".repeat(w + 1)}:`)).join("|")}|`, ...rows.map(line)].join("\n");
}

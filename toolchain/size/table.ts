/**
 * The size report as text: the table people see, and docs/size.md, which is
 * the memory of what it was. Pure.
 */
import { UNATTRIBUTED, type Part } from "./attribute.ts";

const HEAD = ["part", "code", "data", "zeroed", "in the file"];

/** Bytes in the file. */
export function fileBytes(parts: Part[]): number {
  return parts.reduce((n, p) => n + p.code + p.data, 0);
}

/** What cost most first; what nobody owns last. */
export function sorted(parts: Part[]): Part[] {
  const isLast = (p: Part): number => (p.name === UNATTRIBUTED ? 1 : 0);
  return [...parts].sort((a, b) => isLast(a) - isLast(b) || b.code + b.data - a.code - a.data || (a.name < b.name ? -1 : 1));
}

function totalOf(parts: Part[]): Part {
  return { name: "total", code: parts.reduce((n, p) => n + p.code, 0), data: parts.reduce((n, p) => n + p.data, 0), zeroed: parts.reduce((n, p) => n + p.zeroed, 0) };
}

function cells(p: Part): string[] {
  return [p.name, String(p.code), String(p.data), String(p.zeroed), String(p.code + p.data)];
}

/** The table on the terminal, with the change of each part's bytes in the file against `before`. */
export function formatTable(parts: Part[], before: Part[]): string {
  const names = new Set(parts.map((p) => p.name));
  const gone = before.filter((b) => !names.has(b.name)).map((b) => ({ name: b.name, code: 0, data: 0, zeroed: 0 }));
  const change = (p: Part, was: Part | undefined): string => {
    const d = p.code + p.data - (was === undefined ? 0 : was.code + was.data);
    return d > 0 ? `+${d}` : String(d);
  };
  const rows = [
    [...HEAD, "change"],
    ...[...parts, ...gone].map((p) => [...cells(p), change(p, before.find((b) => b.name === p.name))]),
    [...cells(totalOf(parts)), change(totalOf(parts), totalOf(before))],
  ];
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((r) => r[i]!.length)));
  return rows.map((r) => `  ${r.map((c, i) => (i === 0 ? c.padEnd(widths[i]!) : c.padStart(widths[i]!))).join("  ")}`).join("\n");
}

const INTRODUCTION = `# Size

What each part of the shipped binary costs, in bytes. Written by \`npm run size -- --write\`; \`npm run size\` shows the
change against these figures, and the tests fail when a total grows past a small allowance and this file doesn't.

Code counts where it was written, also when it was inlined elsewhere; the runtime's code that was inlined into a
room's function counts for the room. "zeroed" is memory that starts as zeros and takes no room in the file.
`;

/** docs/size.md; tables in the order of the map. */
export function formatDocument(targets: Map<string, Part[]>): string {
  const tables = [...targets].map(([name, parts]) => {
    const line = (c: string[]): string => `| ${c.join(" | ")} |`;
    return `\n## ${name}\n\n${[line(HEAD), `| --- |${" ---: |".repeat(HEAD.length - 1)}`, ...[...parts, totalOf(parts)].map((p) => line(cells(p)))].join("\n")}\n`;
  });
  return INTRODUCTION + tables.join("");
}

/** Parts per target of a docs/size.md; totals are left out. */
export function parseDocument(text: string): Map<string, Part[]> {
  const found = new Map<string, Part[]>();
  let parts: Part[] = [];
  for (const line of text.split("\n")) {
    const title = /^## (\w+)$/.exec(line);
    if (title !== null) {
      parts = [];
      found.set(title[1]!, parts);
    }
    const row = /^\| ([^|]+) \| (\d+) \| (\d+) \| (\d+) \| \d+ \|$/.exec(line);
    if (row !== null && row[1] !== "total") parts.push({ name: row[1]!, code: Number(row[2]), data: Number(row[3]), zeroed: Number(row[4]) });
  }
  return found;
}

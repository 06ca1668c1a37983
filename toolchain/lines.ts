/**
 * Lets gdb and a crash show TypeScript: scriptc marks what it emits with
 * `/* file.ts:12 *\/` comments; each becomes a `#line` directive before the
 * line it stands on.
 */
const MARK = /\/\* ((?:[^\s*]+)\.ts):(\d+) \*\/\s*$/;

export function withLineDirectives(c: string): string {
  const out: string[] = [];
  for (const line of c.split("\n")) {
    const m = MARK.exec(line);
    if (m !== null) out.push(`#line ${m[2]} "${m[1]}"`);
    out.push(line);
  }
  return out.join("\n");
}

/**
 * node toolchain/compatibility.ts [--check]
 * Writes docs/compatibility.md: every key of every document, from the tables
 * the parsers themselves read by. --check only says whether the file is what
 * would be written; status 1 when it is stale.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { configKeys } from "../src/config/keys.ts";
import { lxcKeys } from "../src/lxc/keys.ts";
import { stateKeys } from "../src/state/keys.ts";
import { root } from "./places.ts";

type Row = { name: string; support: string; why: string };

const FILE = join(root, "docs/compatibility.md");

const INTRO = `# Compatibility

Which keys of existing devices Wherry reads, and how. This page is made by
\`node toolchain/compatibility.ts\` from the tables the parsers read by, and
\`npm test\` fails when it is stale.

**supported**: as on existing devices. **different**: read, but better or
stricter; the last column says how. **ignored**: accepted without effect; the
last column says why. Sections named \`wherry…\` are Wherry's own: other
implementations ignore them, and without them a document means the same
everywhere.

This page is about what is read and checked. Some parts that act on it are yet
to come; until then their keys are shown by \`wherry config\` and \`wherry check\`
and have no effect: the hub's client (\`PH_…\`), downloading and installing
updates, links between containers (\`services\`).
`;

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}

function table(title: string, rows: Row[]): string {
  return `\n### ${cell(title)}\n\n| key | support | notes |\n|---|---|---|\n${rows.map((r) => `| \`${r.name.replaceAll("|", "\\|")}\` | ${r.support} | ${cell(r.why)} |\n`).join("")}`;
}

function withNames(why: string, names: string[]): string {
  return names.length === 0 ? why : `${why}${why === "" ? "" : "; "}also ${names.join(", ")}`;
}

function sum(rows: Row[]): string {
  const count = (s: string): number => rows.filter((r) => r.support === s).length;
  return `${rows.length} keys: ${count("supported")} supported, ${count("different")} different, ${count("ignored")} ignored.\n`;
}

/** The whole page. */
export function compatibilityPage(): string {
  const state = stateKeys().map((t) => ({ title: t.title, rows: t.rows.map((r) => ({ name: r.key, support: r.support as string, why: r.why })) }));
  const lxc = lxcKeys().map((k) => ({ name: k.key, support: k.support as string, why: withNames(k.why, k.legacy.filter((n) => n !== k.key)) }));
  const config = configKeys().map((k) => ({ name: k.key, support: k.support as string, why: withNames(k.why, k.aliases) }));
  return [
    INTRO,
    `\n## State\n\n${sum(state.flatMap((t) => t.rows))}`, ...state.map((t) => table(t.title, t.rows)),
    `\n## LXC configuration\n\n${sum(lxc)}`, table("lxc.container.conf", lxc),
    `\n## Configuration\n\n${sum(config)}`, table("pantavisor.config, kernel command line, environment, metadata", config),
  ].join("");
}

function main(): number {
  const page = compatibilityPage();
  if (process.argv.includes("--check")) {
    const fresh = existsSync(FILE) && readFileSync(FILE, "utf8") === page;
    if (!fresh) console.error("docs/compatibility.md is stale: run node toolchain/compatibility.ts");
    return fresh ? 0 : 1;
  }
  writeFileSync(FILE, page);
  return 0;
}

if (process.argv[1] === import.meta.filename) process.exitCode = main();

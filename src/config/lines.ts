/**
 * Texts that hold many settings → pairs in order: configuration files, the
 * kernel command line, the environment. Only splits; no key is looked up.
 * Rules: configuration spec "Syntax", "Kernel command line and environment".
 */
import { lowerAscii, upperAscii } from "../sys/ascii.ts";

/** line: of a file, from 1; 0 elsewhere. */
export type Pair = { key: string; value: string; line: number };

/** Longest file that is read, in characters; what follows is dropped. */
export const MAX_FILE = 262144;
const MAX_PAIRS = 2048;

/**
 * `key=value` lines. The first = splits; nothing is trimmed but the end of
 * the line, with its carriage return. Lines without = and lines that start
 * with # are skipped. A key named twice, in any case, keeps its first place
 * and its last value. An empty text is an empty list.
 */
export function parseConfFile(text: string): Pair[] {
  const out: Pair[] = [];
  const names: string[] = [];
  const lines = text.slice(0, MAX_FILE).split("\n");
  for (let i = 0; i < lines.length; i++) {
    const raw = lines[i]!;
    const line = i + 1;
    const eq = raw.indexOf("=");
    if (eq <= 0 || raw.startsWith("#")) continue;
    const pair: Pair = { key: raw.slice(0, eq), value: raw.slice(eq + 1, raw.endsWith("\r") ? raw.length - 1 : raw.length), line };
    const name = upperAscii(pair.key);
    const known = names.indexOf(name);
    if (known >= 0) out[known] = { key: out[known]!.key, value: pair.value, line };
    else if (out.length < MAX_PAIRS) {
      out.push(pair);
      names.push(name);
    }
  }
  return out;
}

/** Words between blanks; double quotes keep blanks together and are removed, as the kernel does. */
function commandWords(text: string): string[] {
  const out: string[] = [];
  let word: string[] = [];
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (c === "\"") quoted = !quoted;
    else if (!quoted && (c === " " || c === "\t" || c === "\n")) {
      if (word.length > 0) out.push(word.join(""));
      word = [];
    } else word.push(c);
  }
  if (word.length > 0) out.push(word.join(""));
  return out;
}

/** pv, ph: settings for the two kinds of key, without their prefix. Parameters that are no settings are left out. */
export type CommandLine = { pv: Pair[]; ph: Pair[]; parameters: Pair[] };

/** Names after pv_ that other parts of the system read. */
const PARAMETERS = ["rev", "try", "autogrow", "remount_policy", "quickboot", "verityoff", "appengine_initial_rev", "debug_ssh_pubkey"];

function isParameter(name: string): boolean {
  return PARAMETERS.includes(lowerAscii(name));
}

/** The text of /proc/cmdline. */
export function parseCommandLine(text: string): CommandLine {
  const out: CommandLine = { pv: [], ph: [], parameters: [] };
  const words = commandWords(text.slice(0, MAX_FILE));
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const eq = word.indexOf("=");
    if (eq < 0 || out.pv.length + out.ph.length >= MAX_PAIRS) continue;
    const name = word.slice(0, eq);
    const value = word.slice(eq + 1);
    if (name.startsWith("pv_") && isParameter(name.slice(3))) out.parameters.push({ key: name.slice(3), value, line: 0 });
    else if (name.startsWith("pv_")) out.pv.push({ key: name.slice(3), value, line: 0 });
    else if (name.startsWith("ph_")) out.ph.push({ key: name.slice(3), value, line: 0 });
    else if (name.startsWith("wherry_")) out.pv.push({ key: name, value, line: 0 });
  }
  return out;
}

/** Where the command line looks for the manager: no setting of the manager's. */
const CLIENT_SOCKET = "WHERRY_SOCKET";

/** settings: PV_, PH_ and WHERRY_ variables of any case; parameters: names without pv_, lowered. */
export type EnvironmentSettings = { settings: Pair[]; parameters: Pair[] };

/** "NAME=value" texts. */
export function parseEnvironment(variables: string[]): EnvironmentSettings {
  const out: EnvironmentSettings = { settings: [], parameters: [] };
  for (let i = 0; i < variables.length; i++) {
    const v = variables[i]!;
    const eq = v.indexOf("=");
    if (eq < 4) continue;
    const name = v.slice(0, eq);
    const prefix = lowerAscii(name.slice(0, 3));
    const ours = prefix === "pv_" || prefix === "ph_" || (lowerAscii(name.slice(0, 7)) === "wherry_" && name !== CLIENT_SOCKET);
    if (!ours || out.settings.length >= MAX_PAIRS) continue;
    if (prefix === "pv_" && isParameter(name.slice(3))) out.parameters.push({ key: lowerAscii(name.slice(3)), value: v.slice(eq + 1), line: 0 });
    else out.settings.push({ key: name, value: v.slice(eq + 1), line: 0 });
  }
  return out;
}

/** Value of a parameter such as "rev": the environment's first, else the command line's; null when neither has it. */
export function bootParameter(name: string, environment: Pair[], commandLine: Pair[]): string | null {
  for (let i = 0; i < environment.length; i++) {
    const p = environment[i]!;
    if (p.key === name) return p.value;
  }
  for (let i = 0; i < commandLine.length; i++) {
    const p = commandLine[i]!;
    if (p.key === name) return p.value;
  }
  return null;
}

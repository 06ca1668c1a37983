/**
 * One fuzzed input for the config room: between NULs a file (which is also
 * the policy, the OEM file, the hub's file and the metadata), the kernel
 * command line, and variables a line each. What it throws is a finding:
 * nothing of this may throw, and the configuration must hold together.
 */
import { Config, MASK } from "../../src/config/config.ts";
import { configKey, indexOfKey, keyCount } from "../../src/config/keys.ts";
import { ARGS, DEFAULT, HUB, METADATA, PH_CONF } from "../../src/config/levels.ts";
import { parseConfFile } from "../../src/config/lines.ts";
import { applyHubFile, applyOem, ConfigFiles, formatHubFile, loadConfig, oemConfigPath, type ConfigText } from "../../src/config/load.ts";
import { planSysctls, SysctlFolders } from "../../src/config/sysctl.ts";
import { explainKey, formatConfig, formatConfig2Json, formatConfigJson } from "../../src/config/view.ts";
import { scanText, SMALL } from "../../src/json/scanner.ts";

function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`finding: ${what}`);
}

/** Every file is the text itself. */
class SameText extends ConfigFiles {
  private readonly text: string;

  constructor(text: string) {
    super();
    this.text = text;
  }

  read(path: string): ConfigText {
    return { found: !path.endsWith("x.config"), text: this.text, why: "" };
  }
}

class Folders extends SysctlFolders {
  isFolder(path: string): boolean {
    return path.length % 2 === 0;
  }
}

/** The value of one key keeps what its type promises. */
function checkKey(c: Config, index: number): void {
  const row = configKey(index);
  const level = c.levelAt(index);
  must(level !== METADATA || (row.levels & METADATA) !== 0, "metadata where none may be");
  must(level === DEFAULT || level === ARGS || level === HUB || (row.levels & level) !== 0, "a level that may not write the key");
  if (row.type === "int" || row.type === "duration") {
    const n = c.number(row.key);
    must(n >= row.min && n <= row.max, "a number outside its range");
  }
  if (row.type === "enum") must(row.words.includes(c.text(row.key)), "a word that is none");
  if (row.type === "bool") must(c.text(row.key) === "0" || c.text(row.key) === "1", "a bool that is neither");
  if (row.type === "name") must(!c.text(row.key).includes("/"), "a name with a slash");
  if (row.type === "secret") must(c.text(row.key) === "" || c.shown(index) === MASK, "a secret shown");
}

/** Views of the whole; slow, so for few inputs only. */
function checkViews(c: Config): void {
  must(scanText(formatConfigJson(c), SMALL).ok && scanText(formatConfig2Json(c, true), SMALL).ok, "JSON that is none");
  must(formatConfig(c, false).split("\n").length === keyCount() + 2, "a table of another length");
  must(explainKey(c, "PV_LOG_LEVEL") !== "", "a key without explanation");
}

/** What is saved and read again is the same. */
function checkSaved(c: Config): void {
  const saved = formatHubFile(c);
  const again = new Config(false);
  for (const p of parseConfFile(saved)) again.set(p.key, p.value, PH_CONF, "f");
  must(formatHubFile(again) === saved, "a saved file that reads differently");
}

/** Any mutation changes it: what is done every so many sums stays rare, whatever the corpus collects. */
function sumOf(input: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < input.length; i++) sum += input[i]! * (i % 7 + 1);
  return sum;
}

/** Runs one input; returns how many notes it gave. */
export function fuzzConfig(input: Uint8Array): number {
  const parts = new TextDecoder().decode(input).split("\0");
  const text = parts[0]!;
  const commandLine = parts.length > 1 ? parts[1]! : "";
  const variables = parts.length > 2 ? parts[2]!.split("\n") : [];
  const loaded = loadConfig({ confPath: "", commandLine, environment: variables, words: ["pv_debug"] }, new SameText(text), true);
  const c = loaded.config;
  const path = oemConfigPath(c, "7");
  must(path === "" || !path.includes("/../"), "an OEM path that climbs");
  applyHubFile(c, text, "hub", commandLine);
  applyOem(c, text, "oem");
  for (const p of parseConfFile(text)) {
    if (c.override(p.key, p.value) && p.line % 2 === 0) c.restore(p.key);
  }
  for (const key of c.takeChanges()) checkKey(c, indexOfKey(key));
  for (const w of planSysctls(c.sysctls(), new Folders())) must(!w.path.startsWith("/") && !`/${w.path}/`.includes("/../"), "a sysctl that climbs");
  must(c.takeNotes().length <= 256, "endless notes");
  const turn = sumOf(input);
  if (turn % 32 === 0) checkSaved(c);
  if (turn % 512 === 0) checkViews(c);
  return loaded.problems.length;
}

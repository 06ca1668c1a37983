/**
 * Brings the sources of a boot into one Config in the order the spec gives:
 * file, policy, kernel command line, environment, words; later the hub's
 * credentials, the OEM file of a revision. Files come from the caller.
 * Rules: configuration spec "Levels and precedence", "Policies", "OEM config".
 */
import { upperAscii } from "../sys/ascii.ts";
import { Config } from "./config.ts";
import { keyCount, keyName } from "./keys.ts";
import { ARGS, DEFAULT, ENV, OEM, PH_CMDLINE, PH_CONF, POLICY, PV_CMDLINE, PV_CONF } from "./levels.ts";
import { bootParameter, parseCommandLine, parseConfFile, parseEnvironment, type Pair } from "./lines.ts";

/** found: false with why "" = no such file; with a reason = it cannot be read. */
export type ConfigText = { found: boolean; text: string; why: string };

/** Gives the texts of files by path. */
export abstract class ConfigFiles {
  abstract read(path: string): ConfigText;
}

/** What a boot starts from. confPath "": the first of CONF_PATHS that exists. */
export type BootSources = { confPath: string; commandLine: string; environment: string[]; words: string[] };

/** Stops the boot: a file that is named and missing, or a key that nothing can do without. */
export type ConfigProblem = { at: string; why: string };

/** Parameters that are no configuration keys; null = not given. */
export type BootParameters = { revision: string | null; quickboot: boolean; verityOff: boolean; remountPolicy: string | null };

export type LoadedConfig = { config: Config; confPath: string; parameters: BootParameters; problems: ConfigProblem[] };

/** Configuration files, the preferred one first. */
export const CONF_PATHS = ["/etc/wherry.config", "/etc/pantavisor.config"];

const CORE_PATTERN = "|/lib/pv/pvcrash --skip";

function applyPairs(c: Config, pairs: Pair[], level: number, source: string): void {
  for (let i = 0; i < pairs.length; i++) {
    const p = pairs[i]!;
    c.set(p.key, p.value, level, p.line === 0 ? source : `${source}:${p.line}`);
  }
}

/** Texts of a file as a problem would call its absence. */
function absence(t: ConfigText): string {
  return t.why === "" ? "no such file" : t.why;
}

type ConfFile = { path: string; file: ConfigText };

function findConf(wanted: string, files: ConfigFiles): ConfFile {
  if (wanted !== "") return { path: wanted, file: files.read(wanted) };
  const first: ConfFile = { path: CONF_PATHS[0]!, file: files.read(CONF_PATHS[0]!) };
  if (first.file.found || first.file.why !== "") return first;
  return { path: CONF_PATHS[1]!, file: files.read(CONF_PATHS[1]!) };
}

/** First non-empty policy name without a slash; upstream compares the long name in any case. */
function policyIn(pairs: Pair[]): string {
  for (let i = 0; i < pairs.length; i++) {
    const p = pairs[i]!;
    const isPolicy = p.key === "policy" || upperAscii(p.key) === "PV_POLICY";
    if (isPolicy && p.value !== "" && !p.value.includes("/")) return p.value;
  }
  return "";
}

/** Command line, then environment, then file; a locked file decides alone. */
function policyName(conf: Pair[], commandLine: Pair[], environment: Pair[], locked: boolean): string {
  const named = locked ? "" : policyIn(commandLine);
  const second = named !== "" || locked ? named : policyIn(environment);
  return second !== "" ? second : policyIn(conf);
}

function applyPolicy(c: Config, name: string, files: ConfigFiles, problems: ConfigProblem[]): void {
  if (name === "") return;
  const path = `${c.text("PV_SYSTEM_ETCPANTAVISORDIR")}/policies/${name}.config`;
  const file = files.read(path);
  if (file.found) applyPairs(c, parseConfFile(file.text), POLICY, path);
  else problems.push({ at: path, why: `policy "${name}": ${absence(file)}` });
  // A locked device must not be led to another OEM file by another policy name either.
  if (c.flag("WHERRY_POLICY_LOCKED") && c.level("PV_POLICY") !== POLICY) c.set("PV_POLICY", name, POLICY, path);
}

function applyWords(c: Config, words: string[]): void {
  for (let i = 0; i < words.length; i++) {
    const w = words[i]!;
    if (w === "pv_embedded" || w === "pv_standalone" || w === "pv_appengine") c.set("PV_SYSTEM_INIT_MODE", w.slice(3), ARGS, `argument ${w}`);
    if (w !== "pv_debug") continue;
    c.set("PV_DEBUG_SHELL", "1", ARGS, `argument ${w}`);
    c.set("PV_DEBUG_SSH", "1", ARGS, `argument ${w}`);
  }
}

/** Keys without which there is no storage. */
function checkMandatory(c: Config, problems: ConfigProblem[]): void {
  const keys = ["PV_STORAGE_MNTPOINT"];
  if (c.text("PV_SYSTEM_INIT_MODE") !== "appengine") keys.push("PV_STORAGE_DEVICE", "PV_STORAGE_FSTYPE");
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i]!;
    if (c.text(k) === "") problems.push({ at: k, why: "must be set" });
  }
}

/** The configuration of a boot. trace: keep every write for explainKey. It is usable even with problems. */
export function loadConfig(sources: BootSources, files: ConfigFiles, trace: boolean): LoadedConfig {
  const c = new Config(trace);
  const problems: ConfigProblem[] = [];
  c.set("PV_SYSCTL_KERNEL_CORE_PATTERN", CORE_PATTERN, DEFAULT, "default");
  const conf = findConf(sources.confPath, files);
  const pairs = parseConfFile(conf.file.text);
  if (conf.file.found) applyPairs(c, pairs, PV_CONF, conf.path);
  else problems.push({ at: conf.path, why: absence(conf.file) });
  const line = parseCommandLine(sources.commandLine);
  const environment = parseEnvironment(sources.environment);
  applyPolicy(c, policyName(pairs, line.pv, environment.settings, c.flag("WHERRY_POLICY_LOCKED")), files, problems);
  applyPairs(c, line.pv, PV_CMDLINE, "kernel command line");
  applyPairs(c, environment.settings, ENV, "environment");
  applyWords(c, sources.words);
  checkMandatory(c, problems);
  return {
    config: c, confPath: conf.path, problems,
    parameters: {
      revision: bootParameter("rev", environment.parameters, line.parameters),
      quickboot: bootParameter("quickboot", environment.parameters, []) !== null,
      verityOff: bootParameter("verityoff", environment.parameters, []) !== null,
      remountPolicy: bootParameter("remount_policy", environment.parameters, line.parameters),
    },
  };
}

/** Adds the hub's credentials file (text "" when there is none) and the ph_ tokens of the kernel command line. */
export function applyHubFile(c: Config, text: string, path: string, commandLine: string): void {
  applyPairs(c, parseConfFile(text), PH_CONF, path);
  applyPairs(c, parseCommandLine(commandLine).ph, PH_CMDLINE, "kernel command line");
}

/** File of the OEM level below the storage's mount point; "" when there is no OEM. Belongs to the state, so is signed with it. */
export function oemConfigPath(c: Config, revision: string): string {
  const oem = c.text("PV_OEM_NAME");
  return oem === "" ? "" : `trails/${revision}/${oem}/${c.textOr("PV_POLICY", "default")}.config`;
}

/** Adds the OEM file of a revision; before its state is parsed, so that every key counts for it. */
export function applyOem(c: Config, text: string, path: string): void {
  applyPairs(c, parseConfFile(text), OEM, path);
}

/** Text of the credentials file: every PH_ key with what the file itself should hold, not what overrides it now. */
export function formatHubFile(c: Config): string {
  const out: string[] = [];
  for (let i = 0; i < keyCount(); i++) {
    const value = keyName(i).startsWith("PH_") ? c.storedValue(i) : null;
    if (value !== null) out.push(`${keyName(i)}=${value}\n`);
  }
  return out.join("");
}

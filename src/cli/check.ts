/**
 * `wherry check`: may a device run this revision? Reads a state and, where
 * they are at hand, its objects, signatures and container configurations, and
 * tells everything that is wrong. Changes nothing and needs no daemon.
 * Rules: state format spec §6, §9, §10; docs/state-check.md.
 */
import type { Config } from "../config/config.ts";
import { loadConfig, type BootSources } from "../config/load.ts";
import { parseLxcConfig } from "../lxc/parser.ts";
import type { Problem as LxcProblem } from "../lxc/report.ts";
import { loadTrust } from "../sign/apply.ts";
import { verifyState } from "../sign/check.ts";
import { planBootChain, planChecksums } from "../sign/checksum.ts";
import { checkFiles, checkObjects } from "../sign/checksum_apply.ts";
import { timeForDates } from "../sign/dates.ts";
import type { Mode } from "../sign/verdict.ts";
import type { State } from "../state/model.ts";
import { parseState } from "../state/parse.ts";
import { reason } from "../sys/error.ts";
import { exists, isDirectory, readText, readTextOr } from "../sys/files.ts";
import { wallSeconds } from "../sys/loop.ts";
import { formatCheck, formatCheckJson, stateFindings, type CheckReport, type Finding } from "./check_report.ts";
import { Command, errorLine, output, type Status } from "./command.ts";
import { DiskFiles, environmentOf } from "./config.ts";
import type { CommandLine, Flags } from "./flags.ts";
import { FileReader } from "./lxc_file.ts";
import { openRevision, type RevisionSource } from "./revision_source.ts";

const MODES: Mode[] = ["disabled", "audit", "lenient", "strict"];

function plain(part: "signatures" | "objects" | "lxc", at: string, why: string): Finding {
  return { part, at, line: 0, column: 0, why };
}

/** One revision while it is checked. */
class Checking {
  private readonly source: RevisionSource;
  private readonly config: Config;
  private readonly report: CheckReport;

  constructor(source: RevisionSource, config: Config, report: CheckReport) {
    this.source = source;
    this.config = config;
    this.report = report;
  }

  private problem(f: Finding): void {
    this.report.problems.push(f);
  }

  private skip(part: string, why: string): void {
    this.report.skipped.push({ part, why });
  }

  state(): State {
    const parsed = parseState(this.source.bytes, {
      appengine: this.config.text("PV_SYSTEM_INIT_MODE") === "appengine", bootloader: this.config.text("PV_BOOTLOADER_TYPE"),
      hostsBus: this.config.flag("PV_XCONNECT_DBUS_SYSTEMBUS_ENABLED"),
    });
    const r = this.report;
    if (parsed.state.spec === "") this.forget();
    r.problems = stateFindings(parsed.problems).concat(r.problems);
    r.warnings = stateFindings(parsed.warnings).concat(r.warnings);
    r.containers = parsed.state.containers.map((c) => c.name);
    r.items = parsed.state.artifacts.length;
    r.done = ["state"].concat(r.done);
    return parsed.state;
  }

  /** What is no state has nothing else to be told about. */
  private forget(): void {
    this.report.problems = [];
    this.report.warnings = [];
    this.report.done = [];
    this.report.skipped = [];
    this.report.signatures = [];
  }

  /** mode, trust: as named; "" for this device's. */
  signatures(named: string, trust: string): void {
    const word = named === "" ? this.config.text("PV_SECUREBOOT_MODE") : named;
    const mode = MODES.find((m) => m === word) ?? "lenient";
    const folder = trust === "" ? `${this.config.text("PV_SYSTEM_ETCDIR")}/pantavisor/pvs/trust` : trust;
    if (mode === "disabled") return this.skip("signatures", "mode disabled");
    if (!isDirectory(folder) && trust !== "") return this.problem(plain("signatures", folder, "no such folder"));
    if (!isDirectory(folder) && named === "") return this.skip("signatures", `no trust folder ${folder}; name one with --trust`);
    const stores = loadTrust(folder, this.config.text("PV_SECUREBOOT_TRUSTSTORE"), this.config.text("PV_SECUREBOOT_OEM_TRUSTSTORE"), this.config.text("PV_OEM_NAME"));
    const dates = this.config.text("WHERRY_SECUREBOOT_DATES");
    const when = timeForDates(dates === "always" || dates === "plausible" ? dates : "off", wallSeconds());
    const found = verifyState(this.source.bytes, stores, { mode, when, downgrade: "off", committed: 0 });
    const before = this.report.problems.length;
    for (const r of found.results) if (r.why !== "") this.problem(plain("signatures", r.at, r.why));
    for (const key of found.uncovered) {
      const f = plain("signatures", key, "not covered by any signature");
      if (mode === "strict") this.problem(f);
      else if (mode === "audit") this.report.warnings.push(f);
    }
    for (const n of found.notes) this.report.warnings.push(plain("signatures", "", n));
    if (!found.verdict.ok && this.report.problems.length === before) this.problem(plain("signatures", "", found.verdict.message));
    this.report.signatures = found.results;
    this.report.done.push(`signatures (${found.results.length}, ${mode})`);
  }

  objects(state: State, named: boolean): void {
    const folder = this.source.objects;
    if (folder === "") return this.skip("objects", "no objects folder; name one with --objects");
    if (named && !isDirectory(folder)) return this.problem(plain("objects", folder, "no such folder"));
    const plan = planChecksums(state, false);
    for (const o of planBootChain(state)) plan.objects.push(o);
    if (this.source.isTrail) {
      const result = checkFiles(plan, state.bytes, this.source.folder, folder);
      for (const p of result.problems) this.problem(plain("objects", p.at, p.why));
      for (const m of result.missing) this.report.warnings.push(plain("objects", m.key, "is not in the revision's folder; a device links it again"));
    } else {
      for (const p of checkObjects(plan, folder)) this.problem(plain("objects", p.at, p.why));
    }
    this.report.done.push(`objects (${plan.objects.length})`);
  }

  /** Configurations that containers name, and others called like the usual one. */
  lxcFiles(state: State): void {
    let read = 0;
    const absent: string[] = [];
    for (const a of state.artifacts) {
      const owner = a.owner < 0 ? null : state.containers[a.owner]!;
      const isConfig = owner === null ? a.name.endsWith("/lxc.container.conf") : a.name === `${owner.name}/${owner.config}`;
      if (a.kind !== "object" || !isConfig || a.name.startsWith("_config/")) continue;
      const file = `${this.source.folder}/${a.name}`;
      const object = `${this.source.objects}/${a.id}`;
      const path = this.source.objects !== "" && exists(object) ? object : this.source.folder !== "" && exists(file) ? file : "";
      if (path === "") {
        absent.push(a.name);
        continue;
      }
      read += 1;
      this.lxcFile(path, a.name);
    }
    if (absent.length > 0) this.skip("lxc", `${absent[0]!}${absent.length > 1 ? ` and ${absent.length - 1} more are` : " is"} not here`);
    if (read > 0) this.report.done.push(`container configurations (${read})`);
  }

  private lxcFile(path: string, name: string): void {
    const inside = this.source.folder === "" ? "" : `${this.source.folder}/${name.slice(0, name.lastIndexOf("/"))}`;
    try {
      const parsed = parseLxcConfig(readText(path), name, new FileReader(inside));
      for (const p of parsed.problems) this.problem(plain("lxc", p.at, p.why));
      for (const p of parsed.warnings) this.warnOf(p);
    } catch (e) {
      this.problem(plain("lxc", name, reason(e)));
    }
  }

  private warnOf(p: LxcProblem): void {
    this.report.warnings.push(plain("lxc", p.at, p.why));
  }
}

export class CheckCommand extends Command {
  line(): CommandLine {
    return {
      name: "check", positional: "DIR|STATE.json",
      says: "Tells everything that is wrong with a revision: its state, signatures, objects, container configurations.",
      flags: [
        { name: "objects", short: "o", value: "DIR", says: "objects by their sha256 (default: those of the storage or checkout DIR is in)" },
        { name: "trust", short: "t", value: "DIR", says: "trust stores NAME.crt and pub.pem (default: this device's)" },
        { name: "mode", short: "m", value: "MODE", says: "signatures: disabled, audit, lenient or strict (default: this device's, else lenient)" },
        { name: "config", short: "c", value: "FILE", says: "configuration of the device that counts (default: this one's)" },
        { name: "json", short: "", value: "", says: "findings as one JSON object" },
      ],
      examples: [
        "wherry check /storage/trails/7", "wherry check my-checkout --trust keys --mode strict",
        "pvr json | wherry check - || echo refused   (status 0: good, 1: problems, 2: wrong command line)",
      ],
    };
  }

  run(flags: Flags): Status {
    if (flags.words.length !== 1) return errorLine(`check: ${flags.words.length === 0 ? "which revision? Name its folder or its state" : `unexpected "${flags.words[1]!}"`}`, 2);
    const mode = flags.text("mode", "");
    if (mode !== "" && !MODES.some((m) => m === mode)) return errorLine(`check: no mode "${mode}"; there are ${MODES.join(", ")}`, 2);
    const boot: BootSources = { confPath: flags.text("config", ""), commandLine: readTextOr("/proc/cmdline", ""), environment: environmentOf("1"), words: [] };
    const config = loadConfig(boot, new DiskFiles(), false).config;
    const source = openRevision(flags.words[0]!, flags.text("objects", ""));
    const report: CheckReport = { name: source.name, containers: [], items: 0, problems: [], warnings: [], done: [], skipped: [], signatures: [] };
    if (source.why !== "") report.problems.push({ part: "state", at: "", line: 0, column: 0, why: source.why });
    else {
      const checking = new Checking(source, config, report);
      // first, since what reading the text for them takes is free again when the state is read
      checking.signatures(mode, flags.text("trust", ""));
      const state = checking.state();
      if (state.spec !== "") {
        checking.objects(state, flags.has("objects"));
        checking.lxcFiles(state);
      }
    }
    output(flags.has("json") ? formatCheckJson(report) : formatCheck(report));
    return report.problems.length === 0 ? 0 : 1;
  }
}

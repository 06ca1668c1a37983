/**
 * A container's seccomp filter: the profile file of its configuration, or the
 * default of its security profile, for this machine's architecture and its
 * 32-bit form. Reads the file and the numbers; the program is
 * seccomp_program.ts. Rules: runtime spec §14 "seccomp".
 */
import type { ContainerDescription } from "../lxc/description.ts";
import type { Problem } from "../lxc/report.ts";
import { parseSeccompProfile, type SeccompProfile, type SeccompRule } from "../lxc/seccomp.ts";
import { AARCH64, ARCHITECTURE, X86_64 } from "../sys/constants.ts";
import { reason } from "../sys/error.ts";
import { readText } from "../sys/files.ts";
import { defaultFilter, syscallNumbers, type SyscallNumbers } from "../sys/syscalls.ts";
import type { ProfileName } from "./profile.ts";
import { resultOf, seccompProgram, type ArchRules, type CallRule } from "./seccomp_program.ts";

/** program: empty = no filter. */
export type Filter = { program: Uint8Array; problems: Problem[]; warnings: Problem[] };

/** An architecture whose programs run here. section: how profile files call it. */
type Machine = { section: string; audit: number; isCompat: boolean };

function machines(): Machine[] {
  const arm = { section: "arm", audit: 0x40000028, isCompat: false };
  if (ARCHITECTURE === X86_64) return [{ section: "x86_64", audit: 0xc000003e, isCompat: false }, { section: "x86", audit: 0x40000003, isCompat: true }];
  if (ARCHITECTURE === AARCH64) return [{ section: "arm64", audit: 0xc00000b7, isCompat: false }, { section: "arm", audit: 0x40000028, isCompat: true }];
  return [arm];
}

const ALLOWED: number = resultOf({ kind: "allow", errno: 0 });
const KILLED: number = resultOf({ kind: "kill", errno: 0 });

function appliesTo(r: SeccompRule, m: Machine): boolean {
  if (r.number >= 0) return !m.isCompat;
  return r.arch === "" || r.arch === "all" || r.arch === m.section;
}

/** All rules are by name and for every architecture: what is made of them for one is right for the others. */
function isForAll(rules: SeccompRule[]): boolean {
  for (const r of rules) if (r.number >= 0 || (r.arch !== "" && r.arch !== "all")) return false;
  return true;
}

/** Calls and their answers, as in ArchRules, in parallel lists. */
type NamedRules = { names: string[]; answers: number[]; rules: CallRule[][] };

/** The rules of a profile file by name, for one architecture. */
function rulesByName(rules: SeccompRule[], m: Machine): NamedRules {
  const place: Map<string, number> = new Map<string, number>();
  const out: NamedRules = { names: [], answers: [], rules: [] };
  for (const r of rules) {
    if (r.number >= 0 || !appliesTo(r, m)) continue;
    const result = resultOf(r.action);
    const always = r.conditions.length === 0;
    const known = place.get(r.syscall) ?? -1;
    if (known < 0) {
      place.set(r.syscall, out.names.length);
      out.names.push(r.syscall);
      out.answers.push(always ? result : -1 - out.rules.length);
      if (!always) out.rules.push([{ conditions: r.conditions, result }]);
    } else if (always) {
      // a rule for every argument is stronger than those for some
      out.answers[known] = result;
    } else {
      const answer = out.answers[known]!;
      if (answer < 0) out.rules[-1 - answer]!.push({ conditions: r.conditions, result });
    }
  }
  return out;
}

/** Version 1: numbers of the machine's own calls, all of them allowed. */
function rulesByNumber(rules: SeccompRule[], m: Machine, fallback: number): ArchRules {
  const numbers: number[] = [];
  for (const r of rules) if (r.number >= 0 && !m.isCompat && !numbers.includes(r.number)) numbers.push(r.number);
  numbers.sort((a, b) => a - b);
  return { audit: m.audit, numbers, answers: numbers.map(() => ALLOWED), rules: [], fallback, end: 0, beyond: 0 };
}

/** Rules with the numbers that the machine gives the names. */
function numbered(named: NamedRules, looked: SyscallNumbers, m: Machine, fallback: number): ArchRules {
  const numbers: number[] = [];
  const answers: number[] = [];
  for (let i = 0; i < looked.hits; i++) {
    numbers.push(looked.cells[2 * i + 1]!);
    answers.push(named.answers[looked.cells[2 * i]!]!);
  }
  return { audit: m.audit, numbers, answers, rules: named.rules, fallback, end: looked.end, beyond: fallback };
}

function compileProfile(profile: SeccompProfile, warnings: Problem[]): Uint8Array {
  /** Names that a machine has; not filled when one has them all. */
  const known: string[] = [];
  let allKnown = profile.version === 1;
  const fallback = resultOf(profile.defaultAction);
  const arches: ArchRules[] = [];
  const forAll = isForAll(profile.rules);
  let named: NamedRules = { names: [], answers: [], rules: [] };
  for (const m of machines()) {
    if (profile.version === 1) {
      arches.push(rulesByNumber(profile.rules, m, fallback));
      continue;
    }
    if (!forAll || arches.length === 0) named = rulesByName(profile.rules, m);
    const looked = syscallNumbers(named.names, m.isCompat);
    if (looked.hits === named.names.length) allKnown = true;
    else for (let i = 0; i < looked.hits; i++) known.push(named.names[looked.cells[2 * i]!]!);
    arches.push(numbered(named, looked, m, fallback));
  }
  if (!allKnown) {
    for (const r of profile.rules) {
      if (r.number < 0 && r.arch === "" && !known.includes(r.syscall)) warnings.push({ at: r.at, why: `no system call "${r.syscall}" on this machine` });
    }
  }
  return seccompProgram(arches, KILLED);
}

/** Longest profile that is looked up in one go. */
const MAX_RULES = 2048;

const NO_PROGRAM: Uint8Array = new Uint8Array(0);
/** The default is the same for all containers: fetched once. */
let defaultProgram: Uint8Array = NO_PROGRAM;

/** The last profile file that was compiled, and what came of it: containers share one, and one that is started again finds it made. */
let lastText = "";
let lastFilter: Filter = { program: NO_PROGRAM, problems: [], warnings: [] };
/** Text of a profile that is kept for that. */
const KEPT_CHARACTERS = 8192;

/** The filter of a container: its own profile file where it has one, the default in the profiles that have one. */
export function seccompFilter(d: ContainerDescription, profile: ProfileName): Filter {
  const warnings: Problem[] = [];
  if (d.seccomp.profile === "" || d.seccomp.profile === "none") {
    if (profile === "lxc") return { program: NO_PROGRAM, problems: [], warnings };
    if (defaultProgram.length === 0) defaultProgram = defaultFilter();
    return { program: defaultProgram, problems: [], warnings };
  }
  try {
    const text = readText(d.seccomp.profile);
    if (text === lastText) return lastFilter;
    const file = parseSeccompProfile(text, d.seccomp.profile);
    for (const w of file.warnings) warnings.push(w);
    if (file.problems.length > 0) return { program: NO_PROGRAM, problems: file.problems, warnings };
    if (file.profile.rules.length > MAX_RULES) {
      return { program: NO_PROGRAM, problems: [{ at: d.seccomp.profile, why: `more than ${MAX_RULES} rules` }], warnings };
    }
    const program = compileProfile(file.profile, warnings);
    if (text.length > KEPT_CHARACTERS || warnings.length > 0) return { program, problems: [], warnings };
    lastText = text;
    lastFilter = { program, problems: [], warnings };
    return lastFilter;
  } catch (e) {
    return { program: NO_PROGRAM, problems: [{ at: "lxc.seccomp.profile", why: reason(e) }], warnings };
  }
}

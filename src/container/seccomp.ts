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
import { syscallNumbers } from "../sys/syscalls.ts";
import type { ProfileName } from "./profile.ts";
import { defaultProfile } from "./seccomp_default.ts";
import { resultOf, seccompProgram, type ArchRules, type CallRules } from "./seccomp_program.ts";

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

/** ARM's private calls (cache, thread pointer) lie outside the table; every program there needs them. */
const ARM_PRIVATE_FIRST = 0xf0001;
const ARM_PRIVATE_LAST = 0xf0006;

function appliesTo(r: SeccompRule, m: Machine): boolean {
  if (r.number >= 0) return !m.isCompat;
  return r.arch === "" || r.arch === "all" || r.arch === m.section;
}

function addRule(calls: Map<number, CallRules>, number: number, rule: SeccompRule): void {
  const known = calls.get(number);
  const one = { conditions: rule.conditions, result: resultOf(rule.action) };
  if (known === undefined) calls.set(number, { number, rules: [one] });
  // a rule for every argument is stronger than those for some
  else if (rule.conditions.length === 0) known.rules.unshift(one);
  else known.rules.push(one);
}

/** The rules of a profile for one architecture. isDefault: numbers that are not known answer ENOSYS. unknown: counts for each rule the architectures that have its call. */
function archRules(profile: SeccompProfile, m: Machine, isDefault: boolean, found: boolean[]): ArchRules {
  const mine = profile.rules.map((r) => appliesTo(r, m));
  const names = profile.rules.map((r) => r.syscall);
  const looked = syscallNumbers(names, m.isCompat);
  const calls: Map<number, CallRules> = new Map<number, CallRules>();
  for (let i = 0; i < profile.rules.length; i++) {
    const rule = profile.rules[i]!;
    const number = rule.number >= 0 ? rule.number : looked.numbers[i]!;
    if (!mine[i]! || number < 0) continue;
    found[i] = true;
    addRule(calls, number, rule);
  }
  const list: CallRules[] = [];
  for (const c of calls.values()) list.push(c);
  const allow = resultOf({ kind: "allow", errno: 0 });
  if (m.section === "arm" && isDefault) {
    for (let n = ARM_PRIVATE_FIRST; n <= ARM_PRIVATE_LAST; n++) list.push({ number: n, rules: [{ conditions: [], result: allow }] });
  }
  return {
    audit: m.audit, calls: list, fallback: resultOf(profile.defaultAction),
    end: isDefault ? looked.end : 0, beyond: resultOf({ kind: "errno", errno: 38 }),
  };
}

/** Longest profile that is looked up in one go. */
const MAX_RULES = 1024;

function compile(profile: SeccompProfile, isDefault: boolean, warnings: Problem[]): Uint8Array {
  const found = profile.rules.map((r) => r.arch === "x32");
  const arches = machines().map((m) => archRules(profile, m, isDefault, found));
  if (!isDefault) {
    for (let i = 0; i < found.length; i++) {
      const r = profile.rules[i]!;
      if (!found[i]! && r.arch === "") warnings.push({ at: r.at, why: `no system call "${r.syscall}" on this machine` });
    }
  }
  return seccompProgram(arches, resultOf({ kind: "kill", errno: 0 }));
}

const NO_PROGRAM: Uint8Array = new Uint8Array(0);
/** The default is the same for all containers: made once. */
let defaultProgram: Uint8Array = NO_PROGRAM;

/** The filter of a container: its own profile file where it has one, the default in the profiles that have one. */
export function seccompFilter(d: ContainerDescription, profile: ProfileName): Filter {
  const warnings: Problem[] = [];
  if (d.seccomp.profile === "" || d.seccomp.profile === "none") {
    if (profile === "lxc") return { program: NO_PROGRAM, problems: [], warnings };
    if (defaultProgram.length === 0) defaultProgram = compile(defaultProfile(), true, warnings);
    return { program: defaultProgram, problems: [], warnings };
  }
  try {
    const file = parseSeccompProfile(readText(d.seccomp.profile), d.seccomp.profile);
    for (const w of file.warnings) warnings.push(w);
    if (file.problems.length > 0) return { program: NO_PROGRAM, problems: file.problems, warnings };
    if (file.profile.rules.length > MAX_RULES) {
      return { program: NO_PROGRAM, problems: [{ at: d.seccomp.profile, why: `more than ${MAX_RULES} rules` }], warnings };
    }
    return { program: compile(file.profile, false, warnings), problems: [], warnings };
  } catch (e) {
    return { program: NO_PROGRAM, problems: [{ at: "lxc.seccomp.profile", why: reason(e) }], warnings };
  }
}

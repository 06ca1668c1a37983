/**
 * Rules in the syntax of mdev.conf: parsed once, then matched against events.
 * Expressions are matched by libc. Other than with mdev a device that no rule
 * fits gets no node: a container sees what its rules name.
 * Source: busybox docs/mdev.txt; runtime specification "Mount hooks".
 */
import { matchRegex } from "../sys/regex.ts";
import { parseDecimal, words } from "../sys/text.ts";
import { ueventValue, type EventNode, type Uevent } from "./uevent.ts";

/** A name and its number, of users or groups. */
export type IdName = { name: string; id: number };

/** Expression on a value of the event. */
export type EnvironmentMatch = { name: string; pattern: string };

/**
 * One line. environment: all must fit. kind: what `pattern` is on: the node's
 * name, one value of the event (`variable`), or its numbers. placing: "" its
 * own name, "=" another, ">" another and a link, "!" no node. when: "@" the
 * command runs after making, "$" before removing, "*" both, "" there is none.
 */
export type MdevRule = {
  goesOn: boolean; environment: EnvironmentMatch[]; kind: "name" | "value" | "numbers"; pattern: string; variable: string;
  major: number; minorFirst: number; minorLast: number;
  uid: number; gid: number; mode: number; placing: "" | "=" | ">" | "!"; place: string; when: "" | "@" | "$" | "*"; command: string;
};

export type RuleProblem = { at: string; why: string };
export type ParsedRules = { rules: MdevRule[]; problems: RuleProblem[] };

const MAX_RULES = 256;

/** Names with their numbers out of the text of a passwd or group file. */
export function parseIds(text: string): IdName[] {
  const out: IdName[] = [];
  for (const line of text.split("\n")) {
    const fields = line.split(":");
    const id = fields.length >= 3 ? parseDecimal(fields[2]!) : -1;
    if (id >= 0 && fields[0] !== "") out.push({ name: fields[0]!, id });
  }
  return out;
}

/** Parses lines; a line that is none is a problem and left out. at: where the lines stand, "web/mdev.json .rules". */
export function parseRules(lines: string[], users: IdName[], groups: IdName[], at: string): ParsedRules {
  const out: ParsedRules = { rules: [], problems: [] };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!.trim();
    if (line === "" || line.startsWith("#")) continue;
    const rule = emptyRule();
    const why = out.rules.length >= MAX_RULES ? `more than ${MAX_RULES} rules` : fillRule(rule, line, users, groups);
    if (why === "") out.rules.push(rule);
    else out.problems.push({ at: `${at}[${i}]`, why });
  }
  return out;
}

function emptyRule(): MdevRule {
  return {
    goesOn: false, environment: [], kind: "name", pattern: "", variable: "", major: -1, minorFirst: 0, minorLast: 0,
    uid: 0, gid: 0, mode: 0o660, placing: "", place: "", when: "", command: "",
  };
}

/** "" or what is wrong. */
function fillRule(rule: MdevRule, line: string, users: IdName[], groups: IdName[]): string {
  const w = words(line);
  if (w.length < 3) return `"${line}" is no rule (expression, user:group, mode)`;
  const owner = w[1]!.split(":");
  rule.uid = idOf(owner[0]!, users);
  rule.gid = owner.length === 2 ? idOf(owner[1]!, groups) : -1;
  if (rule.uid < 0 || rule.gid < 0) return `"${w[1]!}" is no user:group known here`;
  rule.mode = parseOctal(w[2]!);
  if (rule.mode < 0) return `"${w[2]!}" is no mode of three or four octal digits`;
  const why = fillMatch(rule, w[0]!);
  return why === "" ? fillRest(rule, w.slice(3)) : why;
}

function idOf(text: string, names: IdName[]): number {
  const n = parseDecimal(text);
  if (n >= 0) return n <= 4294967294 ? n : -1;
  const named = names.find((k) => k.name === text);
  return named !== undefined ? named.id : text === "root" ? 0 : -1;
}

function parseOctal(text: string): number {
  if (text.length < 1 || text.length > 4) return -1;
  let n = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 7) return -1;
    n = n * 8 + digit;
  }
  return n;
}

/** The first word: [-][NAME=expression;]… then @numbers, $NAME=expression or an expression. */
function fillMatch(rule: MdevRule, word: string): string {
  let rest = word;
  if (rest.startsWith("-")) {
    rule.goesOn = true;
    rest = rest.slice(1);
  }
  for (;;) {
    const equal = rest.indexOf("=");
    const end = rest.indexOf(";");
    if (rest.startsWith("$") || rest.startsWith("@") || equal <= 0 || end < equal) break;
    rule.environment.push({ name: rest.slice(0, equal), pattern: rest.slice(equal + 1, end) });
    rest = rest.slice(end + 1);
  }
  if (rest.startsWith("@")) return fillNumbers(rule, rest.slice(1));
  if (rest.startsWith("$")) {
    const equal = rest.indexOf("=");
    if (equal < 2) return `"${rest}" is no $NAME=expression`;
    rule.kind = "value";
    rule.variable = rest.slice(1, equal);
    rest = rest.slice(equal + 1);
  }
  rule.pattern = rest;
  const expressions = [rest, ...rule.environment.map((m) => m.pattern)];
  for (const e of expressions) if (!matchRegex(e, "").ok) return `"${e}" is no regular expression`;
  return "";
}

function fillNumbers(rule: MdevRule, text: string): string {
  rule.kind = "numbers";
  const comma = text.indexOf(",");
  rule.major = parseDecimal(comma < 0 ? text : text.slice(0, comma));
  const minors = comma < 0 ? "0-1048575" : text.slice(comma + 1);
  const dash = minors.indexOf("-");
  rule.minorFirst = parseDecimal(dash < 0 ? minors : minors.slice(0, dash));
  rule.minorLast = dash < 0 ? rule.minorFirst : parseDecimal(minors.slice(dash + 1));
  return rule.major < 0 || rule.minorFirst < 0 || rule.minorLast < 0 ? `"@${text}" is no @major,minor-minor` : "";
}

/** What may stand behind the mode: a placing, then a command. */
function fillRest(rule: MdevRule, rest: string[]): string {
  let at = 0;
  if (rest.length > 0) {
    const first = rest[0]!;
    if (first === "!") rule.placing = "!";
    else if (first.startsWith("=")) rule.placing = "=";
    else if (first.startsWith(">")) rule.placing = ">";
    if (rule.placing !== "") {
      rule.place = first.slice(1);
      at = 1;
    }
  }
  if (at >= rest.length) return "";
  const mark = rest[at]!.charAt(0);
  if (mark === "@") rule.when = "@";
  else if (mark === "$") rule.when = "$";
  else if (mark === "*") rule.when = "*";
  else return `"${rest[at]!}" is neither =name, >name, ! nor a command behind @, $ or *`;
  rule.command = rest.slice(at).join(" ").slice(1).trim();
  return "";
}

/** A rule that fits, with the groups of its expression. */
export type FittingRule = { rule: MdevRule; groups: string[] };

/** The rules that fit an event, in order: up to the first that doesn't go on. */
export function fittingRules(rules: MdevRule[], e: Uevent, node: EventNode | null): FittingRule[] {
  const out: FittingRule[] = [];
  for (const rule of rules) {
    const groups = groupsOf(rule, e, node);
    if (groups.length === 0) continue;
    out.push({ rule, groups });
    if (!rule.goesOn) break;
  }
  return out;
}

/** Groups of the match, [0] the whole of it; empty when the rule doesn't fit. */
function groupsOf(rule: MdevRule, e: Uevent, node: EventNode | null): string[] {
  for (const m of rule.environment) if (!matchRegex(m.pattern, ueventValue(e, m.name)).matched) return [];
  if (rule.kind === "numbers") {
    const fits = node !== null && node.major === rule.major && node.minor >= rule.minorFirst && node.minor <= rule.minorLast;
    return fits ? [node.name] : [];
  }
  if (rule.kind === "value") {
    const found = matchRegex(rule.pattern, ueventValue(e, rule.variable));
    return found.matched ? found.groups : [];
  }
  const name = node !== null ? node.name : e.path.slice(e.path.lastIndexOf("/") + 1);
  const found = matchRegex(rule.pattern, name);
  return found.matched && found.groups[0] === name ? found.groups : [];
}

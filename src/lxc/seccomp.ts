/**
 * Seccomp profile files of LXC, versions 1 and 2 → rules as data. Names of
 * system calls are not looked up and nothing is compiled here: which number a
 * name has, and which sections apply, depends on the machine.
 * Rules: runtime spec "seccomp"; LXC's seccomp policy format.
 */
import { lowerAscii } from "../sys/ascii.ts";
import { parseUnsigned } from "./numbers.ts";
import { Report, type Problem } from "./report.ts";
import { splitBlanks } from "./words.ts";

/** errno: 1..4095, only for "errno". */
export type SeccompAction = { kind: "allow" | "kill" | "errno" | "trap" | "notify"; errno: number };

export type SeccompOp = "==" | "!=" | "<" | "<=" | ">" | ">=" | "&=";

/** Argument `index` (0..5) compared with a 64-bit value; &=: (argument & mask) == value. Halves are unsigned 32-bit. */
export type SeccompCondition = { index: number; op: SeccompOp; valueHigh: number; valueLow: number; maskHigh: number; maskLow: number };

/**
 * syscall: a name, "" when version 1 gives `number`. arch: "" before any
 * section (the machine's own and its 32-bit form), "all", "x86", "x32",
 * "x86_64", "arm" or "arm64". All conditions must hold.
 */
export type SeccompRule = { syscall: string; number: number; arch: string; action: SeccompAction; conditions: SeccompCondition[]; at: string };

export type SeccompProfile = {
  version: 1 | 2;
  /** For system calls that no rule names. */
  defaultAction: SeccompAction;
  rules: SeccompRule[];
};

/** The profile is whole only when there are no problems. */
export type SeccompFile = { profile: SeccompProfile; problems: Problem[]; warnings: Problem[] };

const MAX_BYTES = 262144;
const MAX_RULES = 4096;
/** No Linux architecture numbers its calls higher. */
const MAX_SYSCALL = 4294967294;
const MNT_FORCE = 1;
const EACCES = 13;

const OURS = " all x86 x32 x86_64 arm arm64 ";
const FOREIGN = " ppc ppc64 ppc64le mips mips64 mips64n32 mipsel mipsel64 mipsel64n32 s390x riscv64 loongarch64 ";
const KINDS = " whitelist allowlist blacklist denylist ";
const OP_NAMES = "scmp_cmp_eq scmp_cmp_ne scmp_cmp_lt scmp_cmp_le scmp_cmp_gt scmp_cmp_ge scmp_cmp_masked_eq";
const OPS = "== != < <= > >= &=";
/** Place of &= in OPS. */
const MASKED = 6;

function action(kind: "allow" | "kill" | "trap" | "notify"): SeccompAction {
  return { kind, errno: 0 };
}

/** Words from `from` on as an action; taken: how many words it was, 0 when it is none. */
type TakenAction = { action: SeccompAction; taken: number };

function takeAction(words: string[], from: number): TakenAction {
  const none: TakenAction = { action: action("kill"), taken: 0 };
  if (from >= words.length) return none;
  const w = words[from]!;
  if (w === "kill" || w === "allow" || w === "trap" || w === "notify") return { action: action(w), taken: 1 };
  if (w !== "errno" || from + 1 >= words.length) return none;
  const n = parseUnsigned(words[from + 1]!, 4095);
  return n < 0 ? none : { action: { kind: "errno", errno: n }, taken: 2 };
}

/** Unsigned 64 bits in two halves. */
type Wide = { ok: boolean; high: number; low: number };

function parseWide(text: string): Wide {
  const hex = text.startsWith("0x") || text.startsWith("0X");
  if (hex && text.length > 10 && text.length <= 18) {
    const cut = text.length - 8;
    const high = parseUnsigned(`0x${text.slice(2, cut)}`, 4294967295);
    const low = parseUnsigned(`0x${text.slice(cut)}`, 4294967295);
    return { ok: high >= 0 && low >= 0, high: Math.max(0, high), low: Math.max(0, low) };
  }
  const n = parseUnsigned(text, 9007199254740991);
  if (n < 0) return { ok: false, high: 0, low: 0 };
  const high = Math.floor(n / 4294967296);
  return { ok: true, high, low: n - high * 4294967296 };
}

/** "1,0x5401,==" between the brackets; null when malformed. */
function parseCondition(text: string): SeccompCondition | null {
  const parts = text.split(",");
  if (parts.length < 3 || parts.length > 4) return null;
  const name = lowerAscii(parts[2]!.trim());
  const symbol = OPS.split(" ").indexOf(name);
  const op = symbol >= 0 ? symbol : OP_NAMES.split(" ").indexOf(name);
  const index = parseUnsigned(parts[0]!.trim(), 5);
  const value = parseWide(parts[1]!.trim());
  const mask = parseWide(parts.length === 4 ? parts[3]!.trim() : "0");
  if (index < 0 || !value.ok || !mask.ok || op < 0 || (op === MASKED) !== (parts.length === 4)) return null;
  return { index, op: OPS.split(" ")[op]! as SeccompOp, valueHigh: value.high, valueLow: value.low, maskHigh: mask.high, maskLow: mask.low };
}

/** Every […] of `text`; null when something is left over or malformed. */
function parseConditions(text: string): SeccompCondition[] | null {
  const out: SeccompCondition[] = [];
  let rest = text.trim();
  while (rest !== "") {
    const end = rest.indexOf("]");
    if (!rest.startsWith("[") || end < 0) return null;
    const c = parseCondition(rest.slice(1, end));
    if (c === null) return null;
    out.push(c);
    rest = rest.slice(end + 1).trim();
  }
  return out;
}

/** Reads version 2 bodies line by line. */
class Body {
  readonly r: Report;
  readonly rules: SeccompRule[];
  readonly ruleDefault: SeccompAction;
  arch: string;
  skipping: boolean;
  /** From the first blank on, the line whose action was read last, and that action: most lines of a file end alike. */
  private tail: string = "";
  private tailAction: SeccompAction;

  constructor(r: Report, ruleDefault: SeccompAction) {
    this.r = r;
    this.rules = [];
    this.ruleDefault = ruleDefault;
    this.arch = "";
    this.skipping = false;
    this.tailAction = ruleDefault;
  }

  line(text: string): void {
    if (text.startsWith("[")) this.section(text);
    else if (!this.skipping) this.rule(text);
  }

  section(text: string): void {
    const name = lowerAscii(text.slice(1, Math.max(1, text.length - 1)));
    this.skipping = !OURS.includes(` ${name} `);
    this.arch = name;
    if (!text.endsWith("]") || (this.skipping && !FOREIGN.includes(` ${name} `))) this.r.refuse(`unknown section ${text}`);
  }

  rule(text: string): void {
    if (text === "reject_force_umount") {
      const force = { index: 1, op: "&=" as SeccompOp, valueHigh: 0, valueLow: MNT_FORCE, maskHigh: 0, maskLow: MNT_FORCE };
      this.add("umount2", { kind: "errno", errno: EACCES }, [force]);
      return;
    }
    const bracket = text.indexOf("[");
    const blank = bracket >= 0 || text.includes("\t") ? -1 : text.indexOf(" ");
    if (blank > 0 && blank === text.length - this.tail.length && text.endsWith(this.tail)) {
      this.add(text.slice(0, blank), this.tailAction, []);
      return;
    }
    const words = splitBlanks(bracket < 0 ? text : text.slice(0, bracket));
    const taken = takeAction(words, 1);
    const conditions = parseConditions(bracket < 0 ? "" : text.slice(bracket));
    if (words.length === 0 || words.length !== 1 + taken.taken) this.r.refuse(`"${text}" is no rule (NAME, then kill, errno N, allow, trap or notify)`);
    else if (conditions === null) this.r.refuse(`bad condition in "${text}" ([argument,value,operator] or [argument,value,&=,mask])`);
    else if (conditions.length > 0 && taken.taken === 0) this.r.refuse(`conditions need an action before them in "${text}"`);
    else {
      const what = taken.taken === 0 ? this.ruleDefault : taken.action;
      if (blank > 0) {
        this.tail = text.slice(blank);
        this.tailAction = what;
      }
      this.add(words[0]!, what, conditions);
    }
  }

  add(syscall: string, what: SeccompAction, conditions: SeccompCondition[]): void {
    if (this.rules.length < MAX_RULES) this.rules.push({ syscall, number: -1, arch: this.arch, action: what, conditions, at: this.r.at });
    else if (this.rules.length === MAX_RULES) this.r.refuse(`more than ${MAX_RULES} rules`);
  }
}

/** Lines without blanks around them; place: "name:3". */
type Line = { text: string; at: string };

function usefulLines(text: string, name: string): Line[] {
  const out: Line[] = [];
  const rows = text.split("\n");
  for (let i = 0; i < rows.length; i++) {
    const line = rows[i]!.trim();
    if (line !== "" && !line.startsWith("#")) out.push({ text: line, at: `${name}:${i + 1}` });
  }
  return out;
}

/** Version 1: numbers that are allowed, everything else kills. */
function numberRules(lines: Line[], r: Report): SeccompRule[] {
  const rules: SeccompRule[] = [];
  for (let i = 2; i < lines.length; i++) {
    r.at = lines[i]!.at;
    const n = parseUnsigned(lines[i]!.text, MAX_SYSCALL);
    if (n < 0) r.refuse(`"${lines[i]!.text}" is no number of a system call`);
    else if (rules.length < MAX_RULES) rules.push({ syscall: "", number: n, arch: "", action: action("allow"), conditions: [], at: r.at });
    else {
      r.refuse(`more than ${MAX_RULES} rules`);
      break;
    }
  }
  return rules;
}

/** `text`: the file; `name`: how messages call it. */
export function parseSeccompProfile(text: string, name: string): SeccompFile {
  const r = new Report();
  r.at = `${name}:1`;
  const profile: SeccompProfile = { version: 2, defaultAction: action("kill"), rules: [] };
  const lines = text.length > MAX_BYTES ? [] : usefulLines(text, name);
  if (text.length > MAX_BYTES) r.refuse(`larger than ${MAX_BYTES} bytes`);
  else if (lines.length < 2) r.refuse("a profile starts with its version and its kind (allowlist or denylist)");
  else if (lines[0]!.text !== "1" && lines[0]!.text !== "2") r.refuse(`version "${lines[0]!.text}" is neither 1 nor 2`);
  else parseBody(profile, lines, r);
  return { profile, problems: r.problems, warnings: r.warnings };
}

function parseBody(profile: SeccompProfile, lines: Line[], r: Report): void {
  r.at = lines[1]!.at;
  const head = splitBlanks(lines[1]!.text);
  const allow = head[0] === "allowlist" || head[0] === "whitelist";
  if (!KINDS.includes(` ${head[0]!} `)) {
    r.refuse(`"${lines[1]!.text}" is neither allowlist nor denylist`);
    return;
  }
  if (lines[0]!.text === "1") {
    profile.version = 1;
    if (!allow || head.length > 1) r.refuse("version 1 knows only allowlist");
    else profile.rules = numberRules(lines, r);
    return;
  }
  profile.defaultAction = action(allow ? "kill" : "allow");
  if (head.length > 1) {
    const taken = takeAction(head, 1);
    if (taken.taken !== head.length - 1) r.refuse(`"${lines[1]!.text}": the default is kill, errno N, allow, trap or notify`);
    profile.defaultAction = taken.action;
  }
  const body = new Body(r, action(allow ? "allow" : "kill"));
  for (let i = 2; i < lines.length; i++) {
    r.at = lines[i]!.at;
    body.line(lines[i]!.text);
  }
  profile.rules = body.rules;
}

/**
 * What the modules of a program do when they are loaded, which every start
 * waits for. scriptc lets each load those that it imports and ask whether it
 * was loaded before; in which order that happens is known, so here the entry
 * loads one after the other. Numbers and texts that a module names once and
 * never sets again are kept in variables; here they are constants of C, and
 * what is made of them is known to the compiler. Tables are made when they are
 * first read: most commands need few of them.
 */

const DECLARED = /^static (?:double |ScrStr \*)(sc_g_\w+);/;
/** Of a module, where it is loaded: not below a condition. */
const SET = /^ {2}(sc_g_\w+) = (sc_t\d+);/;
const NUMBER = /^ {2}double (sc_t\d+) = (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?);$/;
const TEXT = /^ {2}ScrStr \*(sc_t\d+) = (?:scr_str_retain\()?(\(ScrStr \*\)&sc_lit_\d+)\)?;$/;
const LOAD = /^static void (sc_f__x25_init_\d+)\(void\) \{/;
/** Everything that a variable is but read. */
const WRITTEN = /&(sc_g_\w+)\b|(?:\+\+|--)(sc_g_\w+)\b|\b(sc_g_\w+)(?:\+\+|--| [-+*\/%|&^]?= | (?:<<|>>)= )/g;
const RELEASED = /^ *scr_str_release\((sc_g_\w+)\);/;

/** A variable's value as C, and the line that sets it. */
type Constant = { value: string; at: number };

/** Variables that are set once, to what is written down, where their module is loaded. */
function constantsOf(lines: string[]): Map<string, Constant> {
  const declared = new Set<string>();
  const writes = new Map<string, number>();
  const found = new Map<string, Constant>();
  let values: Map<string, string> | null = null;
  lines.forEach((text, at) => {
    const name = DECLARED.exec(text)?.[1];
    if (name !== undefined) declared.add(name);
    if (text.includes("sc_g_")) for (const m of text.matchAll(WRITTEN)) writes.set(m[1] ?? m[2] ?? m[3]!, (writes.get(m[1] ?? m[2] ?? m[3]!) ?? 0) + 1);
    if (LOAD.test(text)) values = new Map();
    else if (text === "}") values = null;
    if (values === null) return;
    const value = NUMBER.exec(text) ?? TEXT.exec(text);
    if (value !== null) values.set(value[1]!, value[2]!);
    const set = SET.exec(text);
    const known = set === null ? undefined : values.get(set[2]!);
    if (known !== undefined) found.set(set![1]!, { value: known, at });
  });
  for (const name of found.keys()) if (!declared.has(name) || writes.get(name) !== 1) found.delete(name);
  return found;
}

type Module = {
  /** Lines of the import section, from the one that asks whether it was loaded on. */
  first: number;
  end: number;
  imports: string[];
  /** Whether what comes behind may throw. */
  throws: boolean;
};

const CALL = /^ {2}(sc_f__x25_init_\d+)\(\);/;
const GUARD = [/^ {2}bool sc_t0 = sc_g_\w+__x25_loaded;$/, /^ {2}if \(sc_t0\) \{$/, /^ {4}return;/, /^ {2}\}$/, /^ {2}bool sc_t1 = true;$/, /^ {2}sc_g_\w+__x25_loaded = sc_t1;/];
const FAILED = ["  if (scr_exc_pending()) {", "    return;", "  }"];

/** The modules of a program by the function that loads them; null where one is written in another form. */
function modulesOf(lines: string[]): Map<string, Module> | null {
  const found = new Map<string, Module>();
  let calls = 0;
  for (let i = 0; i < lines.length; i++) {
    if (CALL.test(lines[i]!)) calls += 1;
    const name = LOAD.exec(lines[i]!)?.[1];
    if (name === undefined) continue;
    let at = i + 1;
    const next = (): string => {
      while (lines[at]!.startsWith("#line ")) at += 1;
      return lines[at++]!;
    };
    if (!GUARD.every((g) => g.test(next()))) return null;
    const m: Module = { first: i + 1, end: at, imports: [], throws: false };
    for (let call = CALL.exec(next()); call !== null; call = CALL.exec(next())) {
      m.imports.push(call[1]!);
      m.end = at;
      const checked = FAILED.every((f) => next().startsWith(f));
      if (checked) m.end = at;
      else at = m.end;
    }
    for (at = m.end; lines[at] !== "}"; at++) if (lines[at]!.includes("scr_exc_pending")) m.throws = true;
    found.set(name, m);
  }
  // besides those of import sections there is one call: the entry's
  for (const m of found.values()) calls -= m.imports.length;
  return calls === 1 ? found : null;
}

/** The C text of a program whose entry loads all modules, each behind those that it imports. */
export function loadedInOrder(c: string): string {
  const lines = c.split("\n");
  const modules = modulesOf(lines);
  const entry = lines.find((l, i) => CALL.test(l) && ![...modules?.values() ?? []].some((m) => i >= m.first && i < m.end));
  const name = CALL.exec(entry ?? "")?.[1] ?? "";
  if (modules === null || !modules.has(name)) return c;
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (each: string): void => {
    if (seen.has(each)) return;
    seen.add(each);
    for (const i of modules.get(each)!.imports) visit(i);
    order.push(each);
  };
  visit(name);
  const sequence = order.slice(0, -1).flatMap((each) => [`  ${each}();`, ...(modules.get(each)!.throws ? FAILED : [])]);
  const out: string[] = [];
  let from = 0;
  for (const [each, m] of modules) {
    out.push(lines.slice(from, m.first).join("\n"));
    if (each === name && sequence.length > 0) out.push(sequence.join("\n"));
    from = m.end;
  }
  out.push(lines.slice(from).join("\n"));
  return out.join("\n");
}

/** The C text of a program whose constants are some. */
export function withConstants(c: string): string {
  const lines = c.split("\n");
  const constants = constantsOf(lines);
  const set = new Set([...constants.values()].map((k) => k.at));
  const out: string[] = [];
  lines.forEach((text, at) => {
    const declared = constants.get(DECLARED.exec(text)?.[1] ?? "");
    const isNumber = declared !== undefined && text.startsWith("static double");
    if (isNumber) out.push(text.replace(/^static (double sc_g_\w+);/, `static const $1 = ${declared.value};`));
    else if (declared === undefined && !set.has(at) && !constants.has(RELEASED.exec(text)?.[1] ?? "")) {
      out.push(text.includes("sc_g_") ? text.replace(/\bsc_g_\w+/g, (name) => (constants.get(name)?.value.startsWith("(") === true ? constants.get(name)!.value : name)) : text);
    }
  });
  return out.join("\n");
}

const POINTER = /^static (?:ScrArr|sc_rs_\w+) \*(sc_g_\w+);/;
/** Makes a part of a table, out of parts that are made already: nothing that fails, or that anybody could see. */
const PART = [
  NUMBER, TEXT, /^ {2}bool (sc_t\d+) = (?:true|false);$/, /^ {2}double (sc_t\d+) = (sc_g_\w+);$/, /^ {2}ScrArr \*(sc_t\d+) = scr_arr_new\(SCR_ELEM_\w+, \d+\);$/,
  /^ {2}ScrArr \*(sc_t\d+) = scr_arr_new_ref\(&\w+, &\w+, NULL, \d+\);$/, /^ {2}ScrArr \*(sc_t\d+) = sc_call_\d+\(\);$/, /^ {2}sc_rs_\w+ \*(sc_t\d+) = sc_rnew_\w+\(\);$/,
  /^ {2}sc_t\d+->sc_fld_\w+ = sc_t\d+;$/, /^ {2}scr_arr_push_(?:ref|f64|bool)\(sc_t\d+, sc_t\d+\);$/, /^ {2}\w*release\w*\(sc_g_\w+\);$/,
];

/** A table: the lines that make it, the last of which sets its variable. */
type Table = { name: string; from: number; to: number };

/** Tables of one module, whose lines from `first` to `end` are what loads it. */
function tablesOf(lines: string[], first: number, end: number, may: (name: string) => boolean, isConstant: (name: string) => boolean): Table[] {
  const found: Table[] = [];
  let from = first;
  let made = new Set<string>();
  for (let at = first; at < end; at++) {
    const text = lines[at]!;
    if (text.startsWith("#line ")) continue;
    const name = SET.exec(text)?.[1] ?? "";
    const uses = text.match(/\bsc_t\d+\b/g) ?? [];
    if (may(name) && made.has(uses[0] ?? "")) {
      const later = lines.slice(at + 1, end).join("\n").match(/\bsc_t\d+\b/g) ?? [];
      if (!later.some((t) => made.has(t))) found.push({ name, from, to: at });
      from = at + 1;
      made = new Set();
      continue;
    }
    const part = PART.map((p) => p.exec(text)).find((m) => m !== null) ?? null;
    const makes = part?.[1] ?? "";
    const read = /= (sc_g_\w+);$/.exec(text)?.[1];
    if (part !== null && (read === undefined || isConstant(read)) && uses.every((t) => t === makes || made.has(t))) {
      if (makes !== "") made.add(makes);
      continue;
    }
    from = at + 1;
    made = new Set();
  }
  return found;
}

/** The C text of a program, shrunk, whose tables are made when they are first read. */
export function madeWhenRead(c: string): string {
  const lines = c.split("\n");
  const writes = new Map<string, number>();
  for (const m of c.matchAll(WRITTEN)) writes.set(m[1] ?? m[2] ?? m[3]!, (writes.get(m[1] ?? m[2] ?? m[3]!) ?? 0) + 1);
  const constant = new Set([...c.matchAll(/^static const double (sc_g_\w+) =/gm)].map((m) => m[1]!));
  const type = new Map<string, string>();
  for (const l of lines) if (POINTER.test(l)) type.set(POINTER.exec(l)![1]!, l.slice("static ".length, l.indexOf("sc_g_")));
  const tables = new Map<number, Table>();
  lines.forEach((l, first) => {
    if (!LOAD.test(l)) return;
    for (const t of tablesOf(lines, first + 1, lines.indexOf("}", first), (n) => type.has(n) && writes.get(n) === 1, (n) => constant.has(n))) tables.set(t.from, t);
  });
  const names = new Set([...tables.values()].map((t) => t.name));
  const maker = (name: string): string => name.replace("sc_g_", "sc_made_");
  const out: string[] = [];
  const loading: string[] = [];
  let before = 0;
  for (let at = 0; at < lines.length; at++) {
    const text = lines[at]!;
    if (LOAD.test(text)) before = out.length;
    const table = tables.get(at);
    if (table !== undefined) {
      loading.push(
        `__attribute__((noinline, noclone)) static ${type.get(table.name)!}${maker(table.name)}(void) {`, `  if (${table.name}) return ${table.name};`,
        ...lines.slice(table.from, table.to + 1).filter((l) => !/^ {2}\w*release/.test(l)), `  return ${table.name};`, "}",
      );
      at = table.to;
      continue;
    }
    const declared = POINTER.exec(text)?.[1] ?? "";
    if (names.has(declared)) out.push(text, `static ${type.get(declared)!}${maker(declared)}(void);`);
    else if (text.includes("sc_g_") && !/release\w*\(/.test(text)) out.push(text.replace(/\bsc_g_\w+/g, (name) => (names.has(name) ? `${maker(name)}()` : name)));
    else out.push(text);
    if (text === "}" && loading.length > 0) out.splice(before, 0, ...loading.splice(0));
  }
  return out.join("\n");
}

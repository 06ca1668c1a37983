/** What modules do when they are loaded, as the entry's own sequence, and the constants that they name: what becomes one, and what must not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { loadedInOrder, madeWhenRead, withConstants } from "../../../toolchain/modules.ts";

function load(n: number, imports: number[], body: string[], checked: number[] = []): string[] {
  return [
    `static void sc_f__x25_init_${n}(void) { /* a.ts:1 */`, '#line 1 "a.ts"', `  bool sc_t0 = sc_g_m${n}__x25_loaded;`, "  if (sc_t0) {", "    return; /* a.ts:1 */", "  }", "  bool sc_t1 = true;",
    `  sc_g_m${n}__x25_loaded = sc_t1; /* a.ts:1 */`,
    ...imports.flatMap((i) => ['#line 2 "a.ts"', `  sc_f__x25_init_${i}(); /* a.ts:2 */`, ...(checked.includes(i) ? ["  if (scr_exc_pending()) {", "    return;", "  }"] : [])]), ...body, "}",
  ];
}

const START = ["static void sc_f__x25_main(void) {", "  sc_f__x25_init_4();", "}"];
const THROWS = ["  sc_f_try();", "  if (scr_exc_pending()) {", "    return;", "  }"];

/** Statements of a function. */
function bodyOf(c: string, head: string): string[] {
  const lines = c.split("\n");
  const from = lines.findIndex((l) => l.startsWith(head));
  return lines.slice(from + 1, lines.indexOf("}", from));
}

test("the entry loads every module once, behind those that it imports; one that may throw is asked afterwards", () => {
  const c = [...load(0, [], ["  sc_f_zero();"]), ...load(1, [0], THROWS), ...load(2, [1, 3], ["  sc_f_two();"], [1]), ...load(3, [2, 0], ["  sc_f_three();"]), ...load(4, [2, 3, 1], ["  sc_f_entry();"], [1]), ...START].join("\n");
  const flat = loadedInOrder(c);
  assert.equal(bodyOf(flat, "static void sc_f__x25_init_4("), [
    "  sc_f__x25_init_0();", "  sc_f__x25_init_1();", "  if (scr_exc_pending()) {", "    return;", "  }", "  sc_f__x25_init_3();", "  sc_f__x25_init_2();", "  sc_f_entry();",
  ]);
  assert.equal(bodyOf(flat, "static void sc_f__x25_init_0("), ["  sc_f_zero();"]);
  assert.equal(bodyOf(flat, "static void sc_f__x25_init_1("), THROWS);
  assert.equal(bodyOf(flat, "static void sc_f__x25_init_3("), ["  sc_f_three();"]);
  assert.equal(bodyOf(flat, "static void sc_f__x25_main("), ["  sc_f__x25_init_4();"]);
});

test("modules of another form, or loaded from elsewhere, stay", () => {
  const rest = [...load(4, [0], []), ...START];
  const late = [...load(0, [], []), ...rest, "static void sc_f_late(void) {", "  sc_f__x25_init_0();", "}"].join("\n");
  const other = [...load(0, [], []).filter((l) => !l.includes("return")), ...rest].join("\n");
  for (const c of [late, other, "static void sc_f_alone(void) {\n}"]) assert.is(loadedInOrder(c), c);
});

/** A module that sets two variables, and a reader of both. */
function naming(set: string[], read: string[] = [], declared = ["static double sc_g_m1_N; /* N */", "static ScrStr *sc_g_m1_S; /* S */"]): string {
  return [...declared, "static void sc_f_read(void) {", "  double sc_t1 = sc_g_m1_N;", "  ScrStr *sc_t2 = scr_str_retain(sc_g_m1_S);", ...read, "}", "static void sc_f__x25_init_1(void) { /* a.ts:1 */", ...set, "}"].join("\n");
}

const NUMBER = ["  double sc_t1 = -1.5e+21;", "  sc_g_m1_N = sc_t1; /* a.ts:1 */"];
const TEXT = ["  ScrStr *sc_t2 = scr_str_retain((ScrStr *)&sc_lit_7);", "  scr_str_release(sc_g_m1_S);", "  sc_g_m1_S = sc_t2; /* a.ts:2 */"];

test("a number and a text that are set once become constants", () => {
  const c = withConstants(naming([...NUMBER, ...TEXT], ["  scr_str_release(sc_g_m1_S);"]));
  assert.is(c, [
    "static const double sc_g_m1_N = -1.5e+21; /* N */", "static void sc_f_read(void) {", "  double sc_t1 = sc_g_m1_N;", "  ScrStr *sc_t2 = scr_str_retain((ScrStr *)&sc_lit_7);", "}",
    "static void sc_f__x25_init_1(void) { /* a.ts:1 */", NUMBER[0]!, TEXT[0]!, "}",
  ].join("\n"));
});

test("what is set again, elsewhere, on a condition, to something else or by its address is none", () => {
  const sets = ["  sc_g_m1_N = sc_t9;", "  sc_g_m1_N += sc_t9;", "  sc_g_m1_N++;", "  --sc_g_m1_N;", "  sc_f_set(&sc_g_m1_N);"];
  for (const set of sets) assert.match(withConstants(naming(NUMBER, [set])), "static double sc_g_m1_N;");
  const values = [["  double sc_t1 = sc_f_n();", NUMBER[1]!], [NUMBER[0]!, "  if (sc_t3) {", `  ${NUMBER[1]!}`, "  }"], ["  double sc_t1 = 1.0 + sc_t0;", NUMBER[1]!], [NUMBER[1]!]];
  for (const v of values) {
    const c = naming([...v, ...TEXT.slice(1)]);
    assert.is(withConstants(c), c);
  }
  assert.match(withConstants(naming(TEXT, ["  sc_g_m1_S = sc_t9;"])), "scr_str_retain(sc_g_m1_S)");
  const outside = naming([], [...NUMBER]);
  assert.is(withConstants(outside), outside);
  const local = naming([...NUMBER], [], ["static bool sc_g_m1_N;"]);
  assert.is(withConstants(local), local);
});

const TABLE = [
  "  ScrArr *sc_t1 = scr_arr_new_ref(&sc_a, &sc_b, NULL, 1);", "  sc_rs_r1 *sc_t2 = sc_rnew_r1();", "  ScrStr *sc_t3 = (ScrStr *)&sc_lit_7;", "  sc_t2->sc_fld_name = sc_t3;", "  double sc_t4 = sc_g_m1_N;",
  "  scr_arr_push_f64(sc_t1, sc_t4);", "  scr_arr_push_ref(sc_t1, sc_t2);", "  scr_arr_release(sc_g_m1_T);", "  sc_g_m1_T = sc_t1; /* a.ts:2 */",
];

function table(made: string[], more: string[] = [], variable = "static ScrArr *sc_g_m1_T;", constant = "static const double sc_g_m1_N = 1.0;"): string {
  return [
    variable, constant, "static void sc_f_read(void) {", "  ScrArr *sc_t1 = sc_g_m1_T;", ...more, "  scr_arr_release(sc_g_m1_T);", "}", "static void sc_f__x25_init_1(void) { /* a.ts:1 */", "  sc_f_before();", ...made, "}",
  ].join("\n");
}

test("a table of constants is made when it is first read, and released as before", () => {
  assert.is(madeWhenRead(table([...TABLE, "  sc_f_after();"])), [
    "static ScrArr *sc_g_m1_T;", "static ScrArr *sc_made_m1_T(void);", "static const double sc_g_m1_N = 1.0;",
    "static void sc_f_read(void) {", "  ScrArr *sc_t1 = sc_made_m1_T();", "  scr_arr_release(sc_g_m1_T);", "}",
    "__attribute__((noinline, noclone)) static ScrArr *sc_made_m1_T(void) {", "  if (sc_g_m1_T) return sc_g_m1_T;", ...TABLE.filter((l) => !l.includes("release")), "  return sc_g_m1_T;", "}",
    "static void sc_f__x25_init_1(void) { /* a.ts:1 */", "  sc_f_before();", "  sc_f_after();", "}",
  ].join("\n"));
});

test("a table whose parts come from elsewhere, are used again or may be seen being made is made when its module is loaded", () => {
  const stays = [
    table(TABLE, ["  sc_g_m1_T = sc_t9;"]), table(TABLE, [], "static ScrMap *sc_g_m1_T;"), table(TABLE, [], undefined, "static double sc_g_m1_N;"),
    table([...TABLE, "  sc_f_use(sc_t2);"]), table(TABLE.map((l) => l.replace("sc_rnew_r1()", "sc_f_make()"))), table(TABLE.map((l) => l.replace("&sc_b, NULL", "&sc_b, &sc_c"))),
    table([...TABLE.slice(0, 3), "  sc_f_call();", ...TABLE.slice(3)]), table(TABLE.map((l) => `  ${l}`)),
  ];
  for (const c of stays) assert.is(madeWhenRead(c), c);
});

test.run();

/** Calls and releases that are written over and over, put together: which ones, and in which order they still happen. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shrink } from "../../../toolchain/shrink.ts";

function body(...lines: string[]): string {
  return ["static void sc_f_do(ScrStr *sc_l_s_0) {", ...lines, "}"].join("\n");
}

const MADE = "scr_union_new_ref(1, sc_t0, &scr_str_retain_v, &scr_str_release_v, NULL)";

test("what is called three times with the same constants gets a function, before the first that calls it", () => {
  const uses = [0, 1, 2].map((i) => `  ScrUnion *sc_t${i + 5} = ${MADE.replace("sc_t0", `sc_t${i}`)};`);
  const c = shrink([body("  sc_f_none();"), body(...uses), body("  ScrArr *sc_t0 = scr_arr_new(SCR_ELEM_STR, 2);", "  ScrArr *sc_t1 = scr_arr_new(SCR_ELEM_STR, 2);")].join("\n"));
  assert.is(c.split("scr_union_new_ref").length, 2, c);
  assert.match(c, "}\n__attribute__((noinline, noclone)) static ScrUnion *sc_call_0(void *given) { return scr_union_new_ref(1, given, &scr_str_retain_v, &scr_str_release_v, NULL); }\nstatic void sc_f_do");
  for (const i of [0, 1, 2]) assert.match(c, `ScrUnion *sc_t${i + 5} = sc_call_0(sc_t${i});`);
  assert.is(c.split("scr_arr_new(").length, 3);
});

test("another constant, two variables or an expression stay", () => {
  const two = "  ScrArr *sc_t1 = scr_arr_new_ref(sc_t5, sc_t6, NULL, 0);";
  const expression = `  ScrUnion *sc_t1 = ${MADE.replace("sc_t0", "scr_str_retain(sc_t0)")};`;
  const c = body(...[0, 1, 2, 3].map((i) => `  ScrArr *sc_t${i} = scr_arr_new(SCR_ELEM_STR, ${i});`), two, two, two, expression, expression, expression);
  assert.is(shrink(c), c);
});

test("releases that follow each other are joined by kind, four at most", () => {
  const c = shrink(body(...[1, 2, 3, 4, 5].map((i) => `  scr_str_release(sc_t${i});`), "  scr_arr_release(sc_t6);", "  sc_rrelease_r1(sc_t7);", "  scr_arr_release(sc_t8);", "  scr_arr_release(sc_t9);"));
  assert.is(c, body("  sc_str_release4(sc_t1, sc_t2, sc_t3, sc_t4);", "  scr_str_release(sc_t5);", "  scr_arr_release(sc_t6);", "  sc_rrelease_r1(sc_t7);", "  sc_arr_release2(sc_t8, sc_t9);"));
});

test("a statement, a block or a label that is gone to parts releases", () => {
  const two = (between: string): string => body("  scr_str_release(sc_t1);", between, "  scr_str_release(sc_t2);", "  goto sc_exit_0;");
  for (const between of ["  sc_f_none();", " sc_exit_0:", "  {", "  }"]) assert.is(shrink(two(between)), two(between));
  assert.match(shrink(two(" sc_exit_7:")), "sc_str_release2(sc_t1, sc_t2)");
});

test("objects are made by one function, and fields given up without asking", () => {
  const c = shrink('  sc_rs_r1 *o = calloc(1, sizeof *o);\n  if (!o) { scr_trap("scriptc: out of memory\\n"); }\n  o->rc = 1;\n    if (o->sc_fld_a) scr_str_release(o->sc_fld_a);\n    if (o->sc_fld_b) sc_release_b(o->sc_fld_b);\n    if (o->sc_fld_b) visit(o->sc_fld_b);\n    if (o->sc_fld_c) scr_str_release(o->sc_fld_d);');
  assert.is(c, "  sc_rs_r1 *o = sc_new(sizeof *o);\n    scr_str_release(o->sc_fld_a);\n    sc_release_b(o->sc_fld_b);\n    if (o->sc_fld_b) visit(o->sc_fld_b);\n    if (o->sc_fld_c) scr_str_release(o->sc_fld_d);");
});

test("an object is not asked whether it never ends, unless one does not", () => {
  const asks = "  if (o && o->rc != SIZE_MAX) o->rc++;\n  if (!o || o->rc == SIZE_MAX) return;\n  if (o && o->rc != SIZE_MAX) {\n  }";
  const union = "static ScrUnion sc_unit_0 = { .rc = SIZE_MAX, .tag = 1 };";
  assert.is(shrink(`${union}\n${asks}`), `${union}\n  if (o) o->rc++;\n  if (!o) return;\n  if (o) {\n  }`);
  for (const other of ["static sc_rs_r1 sc_none = { .rc = SIZE_MAX };", "  o->rc = SIZE_MAX;"]) assert.is(shrink(`${other}\n${asks}`), `${other}\n${asks}`);
});

test("units of the same tag are one", () => {
  const unit = (n: number, tag: number): string => `static ScrUnion sc_unit_${n} = { .rc = SIZE_MAX, .tag = ${tag} }; /* u${n} unit arm */`;
  const uses = [0, 1, 2, 10].map((n) => `  sc_t${n} = (ScrUnion *)&sc_unit_${n};`);
  const c = shrink([unit(0, 1), unit(1, 0), unit(2, 1), unit(10, 0), ...uses].join("\n"));
  assert.is(c, [unit(0, 1), unit(1, 0), uses[0], uses[1], uses[2]!.replace("unit_2", "unit_0"), uses[3]!.replace("unit_10", "unit_1")].join("\n"));
});

test.run();

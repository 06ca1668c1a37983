/** What follows calls that may fail: which checks go, which look at what the call gave, and what their exits give up. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { failuresOf } from "../../../toolchain/failures.ts";
import { shrink } from "../../../toolchain/shrink.ts";

const CHECK = "if (scr_exc_pending()) {";

function calling(call: string, pad: string[] = ["    scr_arr_release(sc_t1);", "    return NULL;"], before = "  double sc_t0 = 16.0;", check = CHECK): string {
  return ["static ScrArr * sc_f_do(void) {", before, call, `  ${check}`, ...pad, "  }", "  return sc_t1;", "}"].join("\n");
}

const LIST = "  ScrArr *sc_t1 = sc_f_list(sc_t0);";

test("the result of a failed call is not given up, there is none, and a list tells", () => {
  for (const call of [LIST, "  ScrArr *sc_t1 = ((const sc_vtt_x *)sc_t3->vt)->sc_vs_list(sc_t3);", `${LIST}\n  scr_str_release(sc_t5);`, `${LIST}\n  sc_str_release2(sc_t5, sc_t6);`]) {
    assert.is(shrink(calling(call)), calling(call, ["    return NULL;"], undefined, "if (!sc_t1) {"));
  }
  const among = ["    sc_rrelease_r2(sc_t2);", "    scr_arr_release(sc_t1);", "    sc_rrelease_r3(sc_t3);", "    return NULL;"];
  assert.is(shrink(calling(LIST, among)), calling(LIST, [among[0]!, among[2]!, among[3]!], undefined, "if (!sc_t1) {"));
});

test("results of other calls are, and other calls do not tell", () => {
  for (const call of ["  ScrArr *sc_t1 = ((ScrArr * (*)(ScrClosure *))sc_t2->fn)(sc_t2);", "  ScrArr *sc_t1 = scr_json_parse(sc_t0);", "  sc_l_x_0 = sc_t1;"]) assert.is(shrink(calling(call)), calling(call));
  for (const call of ["  sc_rs_r1 *sc_t1 = sc_f_record(sc_t0);", "  double sc_t1 = sc_f_number(sc_t0);", "  sc_f_nothing(sc_t0);"]) assert.is(shrink(calling(call, ["    return NULL;"])), calling(call, ["    return NULL;"]));
});

test("a program that returns something after a failure keeps all of it", () => {
  const c = calling(LIST);
  assert.ok(failuresOf(c).empty);
  for (const other of ["  scr_throw_str(sc_t1);\n  return sc_t2;", `  ${CHECK}\n    sc_l_x_0 = sc_t1;\n  }`, "  scr_rethrow(sc_t1);\n  scr_caught_release(sc_t1);\n  goto sc_somewhere_0;"]) {
    assert.not(failuresOf(`${c}\n${other}`).empty, other);
    assert.is(shrink(`${c}\n${other}`), `${c}\n${other}`);
  }
  assert.ok(failuresOf(`${c}\n  scr_rethrow(sc_t1);\n#line 3 "a.ts"\n  scr_caught_release(sc_t1);\n  return false;`).empty);
});

test("a buffer of a constant size is always made, one of another size may not be", () => {
  const made = "  ScrBytes *sc_t1 = scr_bytes_new(SCR_BYTES_U8, sc_t0);";
  assert.not.match(shrink(calling(made)), "scr_exc_pending");
  for (const size of ["  double sc_t0 = -1.0;", "  double sc_t0 = sc_f_size();", "  double sc_t0 = 16.0;\n  if (sc_t9) {\n    sc_t0 = sc_t8;\n  }"]) assert.match(shrink(calling(made, undefined, size)), "scr_exc_pending");
});

/** A program whose function sc_f_list holds these lines, one that calls it, and one that calls that; what the last two still look after. */
function checksBehind(lines: string[], ...further: string[]): number {
  const list = ["static ScrArr * sc_f_list(double sc_l_n_0) {", ...lines, "  return sc_t2;", "}"].join("\n");
  const last = calling("  double sc_t1 = sc_f_do(sc_t0);", ["    return NULL;"]).replace("sc_f_do(void)", "sc_f_last(void)");
  const c = shrink([...further, list, calling(LIST), last].join("\n"));
  return c.slice(c.indexOf("sc_f_do(void)")).split(/if \((?:scr_exc_pending\(\)|!sc_t1)\) \{/).length - 1;
}

function checked(call: string): string[] {
  return [call, `  ${CHECK}`, "    return NULL;", "  }"];
}

test("what can't fail is not looked after, nor is what calls it", () => {
  assert.is(checksBehind(["  ScrArr *sc_t2 = scr_arr_new(SCR_ELEM_STR, 2);", "  scr_str_release(sc_t3);"]), 0);
  assert.is(checksBehind(["  double sc_t0 = 16.0;", ...checked("  ScrBytes *sc_t1 = scr_bytes_new(SCR_BYTES_U8, sc_t0);")]), 0);
  assert.is(checksBehind(checked(LIST)), 0, "calls itself");
});

test("what fails is, whatever in it fails", () => {
  for (const fails of [
    ["  if (sc_t5) {", "    scr_throw_str(sc_t6);", "    return NULL;", "  }"], checked("  double sc_t5 = ((double (*)(ScrClosure *))sc_t4->fn)(sc_t4);"), checked("  scr_bytes_set_from(sc_t4, sc_t5, sc_t6);"),
    checked("  sc_f_unknown(sc_t4);"), checked("  ScrError *sc_t5 = sc_dc_0(sc_t4, NULL);"), checked("  sc_t5 = (scr_throw_node_coded(sc_t4, sc_t5, sc_t6), (ScrStr *)NULL);"),
  ]) assert.is(checksBehind(fails), 2, fails[0]);
});

test("a virtual function fails when one of its kind does", () => {
  const kind = (name: string, ...lines: string[]): string => [`static void sc_vm_${name}_go(sc_o_A *sc_l_this_0) {`, ...lines, "}", `static const sc_vtt_A sc_vtable_${name} = {`, `  &sc_vm_${name}_go /* go */`, "};"].join("\n");
  const call = checked("  ((const sc_vtt_A *)sc_t0->vt)->sc_vs_go(sc_t0);");
  assert.is(checksBehind(call, kind("A", "  scr_str_release(sc_t0);"), kind("B", "  scr_arr_release(sc_t0);")), 0);
  assert.is(checksBehind(call, kind("A", "  scr_str_release(sc_t0);"), kind("B", "  scr_throw_str(sc_t0);", "  return;")), 2);
  const passing = kind("A", "  return sc_f_own((sc_o_B *)sc_l_this_0);");
  const own = (line: string): string => ["static void sc_f_own(sc_o_B *sc_l_this_0) {", line, "  return;", "}"].join("\n");
  assert.is(checksBehind(call, passing, own("  scr_arr_release(sc_t0);")), 0, "nothing fails in what it passes on to");
  assert.is(checksBehind(call, passing, own("  scr_throw_str(sc_t0);")), 2, "what it passes on to fails");
  assert.is(checksBehind(call), 2);
});

test("what throws has failed", () => {
  const thrown = "  ScrStr *sc_t1 = (scr_throw_node_coded(sc_t4, sc_t5, sc_t6), (ScrStr *)NULL);";
  assert.is(shrink(calling(thrown, ["    return NULL;"])), calling(thrown, ["    return NULL;"], undefined, "if (true) {"));
});

test.run();

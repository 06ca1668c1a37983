/** What is given up after a failed call: dropped where the call gave nothing, and only in programs where that is so everywhere. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { failsEmpty } from "../../../toolchain/failures.ts";
import { shrink } from "../../../toolchain/shrink.ts";

function calling(call: string, pad: string[] = ["    scr_arr_release(sc_t1);", "    return NULL;"], before = "  double sc_t0 = 16.0;"): string {
  return ["static ScrArr * sc_f_do(void) {", before, call, "  if (scr_exc_pending()) {", ...pad, "  }", "  return sc_t1;", "}"].join("\n");
}

test("the result of a failed call is not given up: there is none", () => {
  for (const call of ["  ScrArr *sc_t1 = sc_f_list(sc_t0);", "  ScrArr *sc_t1 = ((const sc_vtt_x *)sc_t3->vt)->sc_vs_list(sc_t3);"]) {
    assert.is(shrink(calling(call)), calling(call, ["    return NULL;"]));
  }
  const borrowed = "  ScrArr *sc_t1 = sc_f_list(sc_t0);\n  scr_str_release(sc_t5);";
  assert.is(shrink(calling(borrowed)), calling(borrowed, ["    return NULL;"]));
});

test("results of other calls are, and what else the exit gives up", () => {
  const stays = [
    calling("  ScrArr *sc_t1 = ((ScrArr * (*)(ScrClosure *))sc_t2->fn)(sc_t2);"), calling("  ScrArr *sc_t1 = scr_json_parse(sc_t0);"),
    calling("  ScrArr *sc_t1 = sc_f_list(sc_t0);", ["    scr_arr_release(sc_t2);", "    return NULL;"]), calling("  sc_l_x_0 = sc_t1;"),
  ];
  for (const c of stays) assert.is(shrink(c), c);
});

test("a program that returns something after a failure keeps all of it", () => {
  const c = calling("  ScrArr *sc_t1 = sc_f_list(sc_t0);");
  assert.ok(failsEmpty(c));
  for (const other of ["  scr_throw_str(sc_t1);\n  return sc_t2;", "  if (scr_exc_pending()) {\n    sc_l_x_0 = sc_t1;\n  }", "  scr_rethrow(sc_t1);\n  scr_caught_release(sc_t1);\n  goto sc_somewhere_0;"]) {
    assert.not(failsEmpty(`${c}\n${other}`), other);
    assert.is(shrink(`${c}\n${other}`), `${c}\n${other}`);
  }
  assert.ok(failsEmpty(`${c}\n  scr_rethrow(sc_t1);\n#line 3 "a.ts"\n  scr_caught_release(sc_t1);\n  return false;`));
});

test("a buffer of a constant size is always made, one of another size may not be", () => {
  const made = "  ScrBytes *sc_t1 = scr_bytes_new(SCR_BYTES_U8, sc_t0);";
  assert.not.match(shrink(calling(made)), "scr_exc_pending");
  for (const size of ["  double sc_t0 = -1.0;", "  double sc_t0 = sc_f_size();", "  double sc_t0 = 16.0;\n  if (sc_t9) {\n    sc_t0 = sc_t8;\n  }"]) assert.match(shrink(calling(made, undefined, size)), "scr_exc_pending");
});

test.run();

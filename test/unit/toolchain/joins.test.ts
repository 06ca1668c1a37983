/** Texts joined at once and counters made integers: the forms of scriptc's C that change, and those that may not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { shrink } from "../../../toolchain/shrink.ts";

/** A function that makes the texts t0 to t3, has `between` after the first concatenation, and gives everything up. */
function joining(between: string[], second = "  ScrStr *sc_t5 = scr_str_concat(sc_t4, sc_t2);", behind: string[] = []): string {
  const made = [0, 1, 2, 3].map((i) => `  ScrStr *sc_t${i} = sc_f_text(${i}.0);`);
  const released = [0, 1, 4, 2, 3].map((i) => `  scr_str_release(sc_t${i});`);
  return ["static ScrStr * sc_f_join(void) {", ...made, "  ScrStr *sc_t4 = scr_str_concat(sc_t0, sc_t1);", ...between, second, ...behind, ...released, "  return sc_t5;", "}"].join("\n");
}

const FAILED = ["  double sc_t9 = sc_f_call();", "  if (scr_exc_pending()) {", "    scr_str_release(sc_t0);", "    scr_str_release(sc_t4);", "    return NULL;", "  }"];

test("pieces wait for the last one, also past a call that may fail", () => {
  for (const between of [[], FAILED, ["  {", "    double sc_t8 = 1.0;", "  }"]]) {
    const c = shrink(joining(between));
    assert.match(c, "ScrStr *sc_t5 = sc_concat3(sc_t0, sc_t1, sc_t2);");
    assert.not.match(c, /\bsc_t4\b/);
  }
  assert.match(shrink(joining([], undefined, ["  ScrStr *sc_t6 = scr_str_concat(sc_t5, sc_t3);", "  scr_str_release(sc_t5);"]).replace("return sc_t5", "return sc_t6")), "sc_concat4(sc_t0, sc_t1, sc_t2, sc_t3)");
});

test("a result that is looked at, or a piece that is, stays where it was", () => {
  const stays = [
    joining(["  double sc_t6 = scr_str_utf16_len(sc_t4);"]),
    joining(["  sc_l_s_0 = sc_t4;"]),
    joining(["  scr_str_release(sc_t0);"]),
    joining(["  double sc_t6 = scr_str_utf16_len(sc_t1);"]),
    joining(["  sc_t1 = sc_f_text(7.0);"]),
    joining([" sc_label_0:"]),
    joining(["  case 1:"]),
    joining(["  if (sc_t7) {"], "    ScrStr *sc_t5 = scr_str_concat(sc_t4, sc_t2);", ["  }"]),
    joining([], "  ScrStr *sc_t5 = scr_str_concat(sc_t2, sc_t4);"),
    joining([], "  ScrStr *sc_t5 = scr_str_concat(sc_t4, sc_t4);"),
    joining([], undefined, ["  scr_arr_push_ref(sc_t8, sc_t4);"]),
  ];
  for (const c of stays) assert.not.match(shrink(c), "sc_concat3", c);
});

const STEP = ["    double sc_t8 = sc_l_i_0;", "    double sc_t9 = 1.0;", "    double sc_t10 = sc_t8 + sc_t9;", "    sc_l_i_0 = sc_t10;"];

function counting(body: string[], step = STEP, start = "0.0", bound = "scr_arr_len(sc_t2)"): string {
  return [
    "static void sc_f_count(ScrArr *sc_l_list_0) {", "  double sc_l_i_0; /* i */", `  double sc_t0 = ${start};`, "  sc_l_i_0 = sc_t0;", "  for (;;) {",
    "    double sc_t1 = sc_l_i_0;", "    ScrArr *sc_t2 = scr_arr_retain(sc_l_list_0);", `    double sc_t3 = ${bound};`, "    bool sc_t4 = sc_t1 < sc_t3;", "    scr_arr_release(sc_t2);", "    if (!(sc_t4)) break;",
    "    {", ...body.map((l) => `      ${l}`), "    }", ...step, "  }", "}",
  ].join("\n");
}

test("a counter up to an array's length is an integer, and an index without a detour", () => {
  const c = shrink(counting(["double sc_t5 = sc_l_i_0;", "ScrStr *sc_t6 = scr_arr_get_ref(sc_l_list_0, sc_t5);", "double sc_t7 = sc_l_i_0;", "sc_f_use(sc_t6, sc_t7);"]));
  for (const line of ["int32_t sc_l_i_0;", "int32_t sc_t3 = sc_arr_count(sc_t2);", "sc_arr_ref_at(sc_l_list_0, sc_t5)", "double sc_t7 = sc_l_i_0;", "int32_t sc_t9 = 1;"]) assert.match(c, line);
});

test("another counter stays a double", () => {
  const nested = ["    for (;;) {", ...STEP.map((l) => `  ${l}`), "    }"];
  const stays = [
    counting(["sc_l_i_0 = sc_t7;"]), counting(["sc_f_use(&sc_l_i_0);"]), counting([], STEP, "0.5"), counting([], STEP, "0.0", "scr_bytes_len(sc_t2)"),
    counting([], STEP.map((l) => l.replace("1.0", "2.0"))), counting([], STEP.map((l) => l.replace(" + ", " * "))), counting([], nested), counting([...STEP], []),
    counting([], [...STEP, "    sc_f_more();"]),
  ];
  for (const c of stays) assert.not.match(shrink(c), "int32_t", c);
});

test.run();

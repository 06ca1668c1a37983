/** Fewer references taken and given up, and none too few: the forms of scriptc's C that may be changed, and those that may not. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { borrowParameters } from "../../../toolchain/borrow.ts";
import { shrink } from "../../../toolchain/shrink.ts";

function text(...lines: string[]): string {
  return lines.join("\n");
}

/** A function that reads the length of its text, and what follows it in the file. */
function reader(body: string[], ...further: string[]): string {
  return text("static double sc_f_read(ScrStr *sc_l_text_0) {", ...body, "}", ...further);
}

const READS = ["  ScrStr *sc_t0 = scr_str_retain(sc_l_text_0);", "  double sc_t1 = scr_str_utf16_len(sc_t0);", "  scr_str_release(sc_t0);", "  scr_str_release(sc_l_text_0);", "  return sc_t1;"];

/** A function with a local that it lends. */
function caller(...body: string[]): string[] {
  return ["static void sc_f_call(void) {", "  ScrStr *sc_l_s_0 = NULL; /* s */", ...body, "  scr_str_release(sc_l_s_0);", "}"];
}

const LENDS = ["  ScrStr *sc_t5 = scr_str_retain(sc_l_s_0);", "  double sc_t6 = sc_f_read(sc_t5);"];

function count(c: string, what: string): number {
  return c.split(`${what}(`).length - 1;
}

test("a parameter that is only read is borrowed, and so is what is lent to it", () => {
  const c = shrink(borrowParameters(reader(READS, ...caller(...LENDS))));
  assert.is(count(c, "scr_str_retain"), 0);
  assert.is(count(c, "scr_str_release"), 1, c); // the caller's local
  assert.match(c, "ScrStr *sc_t5 = sc_l_s_0;");
});

test("what was made for a call is given up behind it", () => {
  const made = ["  ScrStr *sc_t7 = scr_str_new();", "  double sc_t8 = sc_f_read(sc_t7);"];
  const c = borrowParameters(reader(READS, ...caller(...LENDS, ...LENDS.map((l) => l.replace("t5", "t3").replace("t5", "t3").replace("t6", "t4")), ...made)));
  assert.match(c, text(...made, "  scr_str_release(sc_t7);"));
});

test("a retain in the call itself goes", () => {
  const c = borrowParameters(reader(READS, ...caller("  sc_f_read(scr_str_retain(sc_t2));")));
  assert.match(c, "  sc_f_read(sc_t2);");
});

const STAYS: [string, string[], string[]][] = [
  ["is assigned", ["  sc_l_text_0 = scr_str_new();", ...READS], []],
  ["is handed on", ["  sc_f_keep(sc_l_text_0);", "  return 0.0;"], []],
  ["is given up before an exit that does not", ["  if (sc_g_x) {", "    return 1.0;", "  }", ...READS], []],
  ["belongs to a function whose address is taken", READS, ["static void *sc_table[] = { &sc_f_read };"]],
  ["belongs to a function called within an expression", READS, ["static double sc_thunk(void *o) {", "  return 1.0 + sc_f_read((ScrStr *)o);", "}"]],
  ["belongs to a method that the table of its class leads to", READS, ["static void sc_vm_A_read(sc_o_A *o) {", "  sc_f_read((ScrStr *)o);", "}"]],
  ["belongs to such a method with a result", READS, ["static double sc_vm_A_read(sc_o_A *o) {", "  return sc_f_read((ScrStr *)o);", "}"]],
];
for (const [why, body, further] of STAYS) {
  test(`a parameter stays when it ${why}`, () => {
    const before = reader(body, ...further, ...caller(...LENDS));
    assert.is(borrowParameters(before), before);
  });
}

/** A function that reads a field of an object it holds; `between` stands while the field's value is held. */
function field(type: string, between: string[], head = "sc_f_look"): string {
  return text(
    `static void ${head}(${type} *sc_l_this_0) {`, `  ${type} *sc_t0 = sc_retain_x(sc_l_this_0);`, "  ScrArr *sc_t1 = scr_arr_retain(sc_t0->sc_fld_items);",
    ...between, "  sc_release_x(sc_t0);", "  scr_arr_release(sc_t1);", "  sc_release_x(sc_l_this_0);", "}",
  );
}

const USE = "  double sc_t2 = scr_arr_len(sc_t1);";

test("the value of a field that never changes is borrowed while its object is held", () => {
  const c = shrink(field("sc_rs_r1", [USE, "  sc_f_other();"]));
  assert.match(c, "ScrArr *sc_t1 = sc_t0->sc_fld_items;");
  assert.is(count(c, "scr_arr_release"), 0);
});

/** A function that sets the field of an object of this type. */
function setter(type: string, object: string, head = "sc_f_set"): string {
  return text(`static void ${head}(void) {`, `  ${type} *sc_t0 = ${object};`, "  sc_t0->sc_fld_items = sc_t9;", "}");
}

function borrowed(...c: string[]): boolean {
  return count(shrink(text(...c)), "scr_arr_retain") === 0;
}

test("but not when somebody may set the field of such an object meanwhile", () => {
  const look = field("sc_rs_r1", [USE, "  sc_f_set();"]);
  assert.not(borrowed(setter("sc_rs_r1", "sc_retain_x(sc_l_a_0)"), look));
  assert.ok(borrowed(setter("sc_rs_r1", "sc_rnew_r1()"), look), "made, not changed");
  assert.ok(borrowed(setter("sc_rs_r2", "sc_retain_x(sc_l_a_0)"), look), "another record");
  assert.not(borrowed(setter("sc_o_B", "sc_retain_x(sc_l_a_0)"), field("sc_o_A", [USE, "  sc_f_set();"])), "a class may inherit the field");
  assert.not(borrowed(text("static void sc_f_set(void *p) {", "  p->sc_fld_items = sc_t9;", "}"), look), "nobody knows whose field it is");
});

test("a field that changes is borrowed while nothing is called that may set it", () => {
  const sets = setter("sc_o_A", "sc_retain_x(sc_l_a_0)");
  const other = text("static void sc_f_other(void) {", "  sc_t0->sc_fld_count = sc_t9;", "  scr_str_release(sc_t1);", "  sys_read(sc_t1);", "}");
  const through = text("static void sc_f_through(void) {", "  sc_f_set();", "}");
  const tables = text(sets.replace("sc_f_set", "sc_vm_A_changed"), "static const sc_vtt_A sc_vtable_A = {", "  &sc_vm_A_changed /* changed */", "};", other.replace("sc_f_other", "sc_vm_A_seen"), "static const sc_vtt_B sc_vtable_B = {", "  &sc_vm_A_seen, /* seen */", "};");
  const during = (...lines: string[]): boolean => borrowed(sets, other, through, tables, field("sc_o_A", [USE, ...lines]));
  for (const line of [
    "  sc_f_other();", "  ScrStr *sc_t5 = scr_str_concat(sc_t3, sc_t4);", "  double sc_t5 = (double)sys_read(sc_t3);", "  sc_release_x(sc_t7);", "  sc_t7->sc_fld_count = sc_t8;", "  ((const sc_vtt_B *)sc_t7->vt)->sc_vs_seen(sc_t7);",
  ]) assert.ok(during(line), line);
  for (const line of [
    "  sc_f_set();", "  sc_f_through();", "  sc_t7->sc_fld_items = sc_t8;", "  sc_t7->sc_fld_items += 1;", "  sc_fill(&sc_t7->sc_fld_items);", "  ((void (*)(ScrClosure *))sc_t7->fn)(sc_t7);", "  ((const sc_vtt_A *)sc_t7->vt)->sc_vs_changed(sc_t7);",
    "  sc_f_unknown();", "  scr_timers_run();", "  double sc_t5 = (double)sys_clone3_borrowing(sc_t3, &sc_ffi_cb_0, sc_t4);", "  ((const sc_vtt_A *)sc_t7->vt)->sc_vs_unknown(sc_t7);",
  ]) assert.not(during(line), line);
});

test("nor in a constructor, behind the end of its object, or when it is kept", () => {
  const kept = (c: string): void => assert.is(count(shrink(c), "scr_arr_retain"), 1, c);
  kept(field("sc_o_A", [USE, "  sc_t0->sc_fld_items = sc_t9;"], "sc_f_A_constructor"));
  kept(field("sc_rs_r1", ["  sc_release_x(sc_t0);", USE]));
  kept(field("sc_rs_r1", [USE, "  sc_l_kept_0 = sc_t1;"]));
  kept(field("sc_rs_r1", [USE]).replace("  sc_release_x(sc_t0);\n", "  sc_l_kept_0 = sc_t0;\n"));
});

test("a text that is joined to is held, one that is joined on is borrowed", () => {
  const joined = (first: string, second: string): string => shrink(text(
    "static void sc_f_join(ScrStr *sc_l_a_0) {", "  ScrStr *sc_t0 = scr_str_retain(sc_l_a_0);", `  ScrStr *sc_t2 = scr_str_concat(${first}, ${second});`, "  scr_str_release(sc_t0);", "  scr_str_release(sc_t2);",
    "  scr_str_release(sc_l_a_0);", "}"));
  assert.is(count(joined("sc_t0", "sc_t1"), "scr_str_retain"), 1);
  assert.is(count(joined("sc_t1", "sc_t0"), "scr_str_retain"), 0);
  assert.is(count(joined("sc_t0", "sc_t0"), "scr_str_retain"), 1);
});

test("a global is borrowed when it is set once", () => {
  const uses = text("static void sc_f_use(void) {", "  ScrArr *sc_t1 = scr_arr_retain(sc_g_list);", USE, "  scr_arr_release(sc_t1);", "}");
  const sets = text("static void sc_f_set(void) {", "  sc_g_list = sc_t9;", "}");
  assert.is(count(shrink(text(sets, uses)), "scr_arr_retain"), 0);
  assert.is(count(shrink(text(sets, sets, uses)), "scr_arr_retain"), 1);
});

test("a local that is returned and given up is handed over", () => {
  const c = shrink(text("static ScrArr *sc_f_make(void) {", "  ScrArr *sc_l_a_0 = NULL; /* a */", "  ScrArr *sc_t1 = scr_arr_retain(sc_l_a_0);", "  scr_arr_release(sc_l_a_0);", "  return sc_t1;", "}"));
  assert.is(count(c, "scr_arr_retain") + count(c, "scr_arr_release"), 0);
});

test.run();

/**
 * scriptc's runtime with smaller strings and shorter usual ways. Its strings
 * begin with a count of references, a length and a capacity of a machine word
 * each; here these have 32 bits on every machine, as they have on armv7, which
 * every text that is written in a program repays. A string that does not fit
 * into a quarter of what they could count ends the program like one that does
 * not fit into memory: what the runtime adds and multiplies lengths to then
 * still fits. A text that is not in the runtime as expected stops the build.
 * And no program here is forked by one of node:child_process: an argument that
 * says so is an argument. What nearly every call of a function wants is
 * answered first.
 */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runtimeDir } from "./places.ts";
import { writtenFolder } from "./written.ts";

const SOURCES = join(runtimeDir, "src");
const HEAD = "size_t rc; size_t len; size_t cap;";
const SMALL = "uint32_t rc; uint32_t len; uint32_t cap;";
/** A static string: its type, and what it holds. */
const STATIC = /\{ size_t rc; size_t len; size_t cap; (char data\[\d+\]; \}\s+\w+ =\s+\{ ?)SIZE_MAX, /g;

type Change = { file: string; from: string; to: string };

const CHANGES: Change[] = [
  { file: "scr_runtime.h", from: "typedef struct ScrStr {\n  size_t rc;\n  size_t len;\n  size_t cap;\n", to: "typedef struct ScrStr {\n  uint32_t rc;\n  uint32_t len;\n  uint32_t cap;\n" },
  { file: "scr_runtime.h", from: "ScrStr *scr_str_retain(ScrStr *s) {\n  if (s->rc != SIZE_MAX) s->rc++;", to: "ScrStr *scr_str_retain(ScrStr *s) {\n  if (s->rc != UINT32_MAX) s->rc++;" },
  { file: "scr_string.c", from: "if (!s || s->rc == SIZE_MAX) return;", to: "if (!s || s->rc == UINT32_MAX) return;" },
  { file: "scr_string.c", from: "cap > SIZE_MAX - sizeof(ScrStr) - 1) scr_oom();\n  ScrStr *s = malloc", to: "cap > UINT32_MAX / 4) scr_oom();\n  ScrStr *s = malloc" },
  { file: "scr_lib.c", from: 'if (argc >= 2 && strncmp(argv[1], "--scriptc-fork=", 15) == 0) {', to: "if (false) {" },
  { file: "scr_string.c", from: "  ScrStr *r = realloc(s,", to: "  if (newcap > UINT32_MAX / 4) scr_oom();\n  ScrStr *r = realloc(s," },
  // usual ways: what is pushed has room, an element is there, text is ASCII, a number fits into 32 bits, a string is held elsewhere too
  { file: "scr_array.c", from: "  size_t idx = scr_arr_check_index(a, (double)a->len, true);\n  scr_arr_store_owned(a, idx, slot);\n", to: "  const size_t idx = a->len;\n  if (idx < a->cap) {\n    a->data[idx] = slot;\n    a->present[idx] = SCR_ARR_VALUE;\n  } else {\n    scr_arr_store_owned(a, scr_arr_check_index(a, (double)idx, true), slot);\n  }\n" },
  { file: "scr_array.c", from: "static uint64_t scr_arr_require_slot(ScrArr *a, double i) {\n", to: "static __attribute__((noinline)) uint64_t scr_arr_require_other(ScrArr *a, double i);\n\nstatic uint64_t scr_arr_require_slot(ScrArr *a, double i) {\n  if (i >= 0 && i < (double)SCR_ARR_DENSE_LIMIT) {\n    const int32_t at = (int32_t)i;\n    if ((size_t)at < a->len && (size_t)at < a->cap && (double)at == i && a->present[at] == SCR_ARR_VALUE) return a->data[at];\n  }\n  return scr_arr_require_other(a, i);\n}\n\nstatic uint64_t scr_arr_require_other(ScrArr *a, double i) {\n" },
  { file: "scr_string.c", from: "  if (--s->rc == 0) {\n    scr_short_forget(s);\n    scr_sidx_purge(s); /* the address", to: "  if (--s->rc == 0) scr_str_end(s);\n}\n\nstatic void scr_str_end(ScrStr *s) {\n  {\n    scr_short_forget(s);\n    scr_sidx_purge(s); /* the address" },
  { file: "scr_string.c", from: "void scr_str_release(ScrStr *s) {\n", to: "static __attribute__((noinline)) void scr_str_end(ScrStr *s);\n\nvoid scr_str_release(ScrStr *s) {\n" },
  { file: "scr_bytes.c", from: "  if (n > (SIZE_MAX - 1) / 3) scr_bytes_oom();\n  char *out = malloc(n * 3 + 1);\n", to: "  size_t plain = 0;\n  for (uint64_t w; plain + 8 <= n && (memcpy(&w, in + plain, 8), !(w & 0x8080808080808080ull)); plain += 8) {}\n  while (plain < n && in[plain] < 0x80) plain++;\n  if (plain == n && n > 0) return scr_str_new((const char *)in, n);\n  if (n > (SIZE_MAX - 1) / 3) scr_bytes_oom();\n  char *out = malloc(n * 3 + 1);\n" },
  { file: "scr_number.c", from: "uint32_t scr_to_uint32(double d) {\n", to: "uint32_t scr_to_uint32(double d) {\n  if (d > -2147483648.0 && d < 2147483648.0) return (uint32_t)(int32_t)d;\n  if (d > 0 && d < 4294967296.0) return (uint32_t)d;\n" },
  { file: "scr_string.c", from: "  for (size_t i = 0; i + nee_len <= hay_len; i++) {\n    if (hay[i] == nee[0] && memcmp(hay + i, nee, nee_len) == 0)\n      return hay + i;\n  }\n", to: "  const char *const last = hay + (hay_len - nee_len);\n  while (hay <= last && (hay = memchr(hay, nee[0], (size_t)(last - hay) + 1)) != NULL) {\n    if (memcmp(hay, nee, nee_len) == 0) return hay;\n    hay++;\n  }\n" },
  { file: "scr_string.c", from: `typedef struct { ${HEAD} char data[2]; } ScrChar1;\n#define SCR_A(c) {SIZE_MAX,`, to: `typedef struct { ${SMALL} char data[2]; } ScrChar1;\n#define SCR_A(c) {UINT32_MAX,` },
];

/** The strings that a C text writes down, with small heads. */
export function smallerStrings(c: string): string {
  return c.replace(STATIC, `{ ${SMALL} $1UINT32_MAX, `);
}

/** A file of the runtime as it is compiled. Throws when it isn't what the changes were made for. */
export function changed(file: string, text: string): string {
  let out = text;
  for (const c of CHANGES.filter((each) => each.file === file)) {
    if (out.split(c.from).length !== 2) throw new Error(`${file} of scriptc's runtime does not hold once: ${c.from}`);
    out = out.replace(c.from, () => c.to);
  }
  out = smallerStrings(out);
  if (out.includes(HEAD)) throw new Error(`${file} of scriptc's runtime has strings of another form than toolchain/runtime.ts knows`);
  return out;
}

let made = "";
/** The folder with the runtime's sources as they are compiled; it is written when it isn't there. */
export function runtimeSources(): string {
  if (made !== "") return made;
  const files = readdirSync(SOURCES).filter((f) => /\.[ch]$/.test(f)).sort();
  made = writtenFolder("runtime", files.map((f) => ({ name: f, text: changed(f, readFileSync(join(SOURCES, f), "utf8")) })));
  return made;
}

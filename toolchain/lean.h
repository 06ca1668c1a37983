/* What the program calls in place of the runtime's functions: the same results in fewer bytes. shrink.ts puts this text behind the runtime's header. */
#include <stdlib.h>

/* A length fits a signed number: x86-64 converts these in one instruction, unsigned ones with a branch. */
static inline double sc_arr_len(const ScrArr *a) {
  return (double)(ptrdiff_t)a->len;
}
#define scr_arr_len sc_arr_len

/* For loops that count in integers, see counters.ts. */
static inline int32_t sc_arr_count(const ScrArr *a) {
  return (int32_t)a->len;
}
__attribute__((noinline, noclone)) static void *sc_arr_ref_at(ScrArr *a, int32_t i) {
  return scr_arr_get_ref(a, (double)i);
}
__attribute__((noinline, noclone)) static double sc_arr_f64_at(ScrArr *a, int32_t i) {
  return scr_arr_get_f64(a, (double)i);
}

/* For joins.ts. The left text is given up: nobody else holds it, so the right one is appended in place if there is room. */
static ScrStr *sc_append(ScrStr *left, ScrStr *right) {
  ScrStr *s = scr_str_concat(left, right);
  scr_str_release(left);
  return s;
}
__attribute__((noinline, noclone)) static ScrStr *sc_concat3(ScrStr *a, ScrStr *b, ScrStr *c) {
  return sc_append(scr_str_concat(a, b), c);
}
__attribute__((noinline, noclone)) static ScrStr *sc_concat4(ScrStr *a, ScrStr *b, ScrStr *c, ScrStr *d) {
  return sc_append(sc_concat3(a, b, c), d);
}
__attribute__((noinline, noclone)) static ScrStr *sc_concat5(ScrStr *a, ScrStr *b, ScrStr *c, ScrStr *d, ScrStr *e) {
  return sc_append(sc_concat4(a, b, c, d), e);
}
__attribute__((noinline, noclone)) static ScrStr *sc_concat6(ScrStr *a, ScrStr *b, ScrStr *c, ScrStr *d, ScrStr *e, ScrStr *f) {
  return sc_append(sc_concat5(a, b, c, d, e), f);
}

/* For outline.ts. Every object begins with its count of references. */
__attribute__((noinline, noclone)) static void *sc_new(size_t size) {
  size_t *o = calloc(1, size);
  if (!o) scr_trap("scriptc: out of memory\n");
  *o = 1;
  return o;
}
__attribute__((noinline, noclone)) static void sc_str_release2(ScrStr *a, ScrStr *b) {
  scr_str_release(a);
  scr_str_release(b);
}
__attribute__((noinline, noclone)) static void sc_str_release3(ScrStr *a, ScrStr *b, ScrStr *c) {
  scr_str_release(a);
  sc_str_release2(b, c);
}
__attribute__((noinline, noclone)) static void sc_str_release4(ScrStr *a, ScrStr *b, ScrStr *c, ScrStr *d) {
  sc_str_release2(a, b);
  sc_str_release2(c, d);
}
__attribute__((noinline, noclone)) static void sc_arr_release2(ScrArr *a, ScrArr *b) {
  scr_arr_release(a);
  scr_arr_release(b);
}
__attribute__((noinline, noclone)) static void sc_arr_release3(ScrArr *a, ScrArr *b, ScrArr *c) {
  scr_arr_release(a);
  sc_arr_release2(b, c);
}
__attribute__((noinline, noclone)) static void sc_arr_release4(ScrArr *a, ScrArr *b, ScrArr *c, ScrArr *d) {
  sc_arr_release2(a, b);
  sc_arr_release2(c, d);
}

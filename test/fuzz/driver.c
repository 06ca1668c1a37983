/*
 * What libFuzzer calls, put behind the program's C text by run.ts: the
 * program's own start-up runs once, each input goes to fuzzOne(). An
 * exception that leaves it is a finding.
 */
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) {
  static char *own[] = { "fuzz", 0 };
  (void)argc;
  (void)argv;
  fuzz_program_main(1, own);
  return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  sc_f_fuzzOne(scr_bytes_from_data(data, size)); /* which releases it */
  if (scr_exc_pending()) {
    scr_exc_print_uncaught();
    abort();
  }
  return 0;
}

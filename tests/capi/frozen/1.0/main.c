/* program MODEL SCRATCH MINOR: uses every part of the library, which must be of that minor number. */
#include "use.h"

#include <stdio.h>
#include <stdlib.h>

void must_be(int holds, const char* what, const char* file, int line) {
  if (holds) return;
  fprintf(stderr, "%s:%d: it is not so that %s\n", file, line, what);
  exit(1);
}

void must_work(tlite_status status, tlite_error* error, const char* file, int line) {
  if (status == TLITE_OK) return;
  fprintf(stderr, "%s:%d: %s: %s\n", file, line, tlite_status_name(status),
          tlite_error_message(error, NULL));
  exit(1);
}

tlite_sampling_params greedy(int32_t max_new_tokens) {
  tlite_sampling_params params;
  MUST(tlite_sampling_params_init(&params, sizeof params) == TLITE_OK);
  MUST(params.struct_size == sizeof params && params.temperature == 1 && params.dry_base == 1.75F);
  MUST(params.thinking_budget == TLITE_UNSET && params.adaptive_decay == 0.9F);
  params.temperature = 0;
  params.ignore_eos = 1;
  params.logprobs = 2;
  params.max_new_tokens = max_new_tokens;
  return params;
}

int main(int argc, char** argv) {
  MUST(argc == 4);
  WORKS(tlite_check_abi(TLITE_ABI_VERSION, &error));
  FAILS(tlite_check_abi(TLITE_ABI_VERSION + 65536, &error), TLITE_ERROR_NOT_SUPPORTED);
  MUST(tlite_abi_version() == 65536u + (uint32_t)atoi(argv[3]) && tlite_version()[0] != 0);
  use_names();
  tlite_model* const model = use_host_and_model(argv[1]);
  use_files(argv[1], argv[2]);
  use_texts(model, argv[1]);
  use_sessions(model);
  use_engine(model);
  use_evaluator(model);
  tlite_model_free(model);
  puts("all of it works");
  return 0;
}

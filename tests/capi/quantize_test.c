#include "check.h"
#include "memory_host.h"
#include "tiny_model.h"

#include <stdio.h>
#include <string.h>

static const char* const target = TLITE_TEST_SCRATCH "/quantized.gguf";

static int32_t stop(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  *(int*)user += 1;
  return 1;
}

static int there(void) {
  FILE* const file = fopen(target, "rb");
  if (file != NULL) fclose(file);
  return file != NULL;
}

TEST(quantize, "capi/quantize: writes a file that loads, and none where it is stopped") {
  remove(target);
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  int calls = 0;
  tlite_quantize_options options;
  tlite_quantize_options_init(&options, sizeof options);
  options.on_progress = stop;
  options.user = &calls;
  CHECK_ERROR(tlite_quantize(given, "memory", TLITE_NUL, target, TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0,
                             &options, &error),
              TLITE_ERROR_CANCELLED, "cancelled");
  CHECK(calls == 1 && !there());

  tlite_progress* progress = NULL;
  CHECK_OK(tlite_progress_create(&progress, &error));
  options.on_progress = NULL;
  options.progress = progress;
  CHECK_OK(tlite_quantize(given, "memory", TLITE_NUL, target, TLITE_NUL, TLITE_WEIGHT_MIX_Q8_0,
                          &options, &error));
  int64_t done = 0;
  int64_t total = 0;
  tlite_progress_get(progress, &done, &total);
  CHECK(done == total && total == 1000000);
  tlite_progress_free(progress);
  tlite_host_free(given);
  tlite_model_info* info = NULL;
  CHECK_OK(tlite_model_inspect(NULL, target, TLITE_NUL, &info, &error));
  CHECK(info->weight_type == TLITE_DATA_TYPE_Q8_0 && info->vocab_size == TINY_VOCAB_SIZE);
  tlite_model_info_free(info);
  CHECK_ERROR(tlite_quantize(NULL, target, TLITE_NUL, target, TLITE_NUL, 19, NULL, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "mix is 19, not a tlite_weight_mix");
  CHECK_ERROR(tlite_quantize(NULL, NULL, 0, target, TLITE_NUL, 0, NULL, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "source is empty");
  remove(target);
}

TEST(mix_names, "capi/quantize: mixes have names") {
  tlite_weight_mix mix = 0;
  CHECK_OK(tlite_weight_mix_parse("Q4_K_M", TLITE_NUL, &mix, &error));
  CHECK(mix == TLITE_WEIGHT_MIX_Q4_K_M);
  CHECK(strcmp(tlite_weight_mix_name(mix), "q4_k_m") == 0);
  CHECK(strcmp(tlite_weight_mix_name(19), "unknown") == 0);
  CHECK_ERROR(tlite_weight_mix_parse("q9", TLITE_NUL, &mix, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "name is 'q9', no weight mix");
  CHECK(mix == TLITE_WEIGHT_MIX_Q4_K_M);
}

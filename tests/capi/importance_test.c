#include "tiny_session.h"

#include <stdio.h>
#include <string.h>

static const char* const importance = TLITE_TEST_SCRATCH "/importance";
static const char* const quantized = TLITE_TEST_SCRATCH "/by_importance.gguf";

static int32_t stop(int64_t done, int64_t total, void* user) {
  (void)done;
  (void)total;
  *(int*)user += 1;
  return 1;
}

/* The first bytes of the file; 0 where there is none. */
static uint32_t beginning(void) {
  uint32_t value = 0;
  FILE* const file = fopen(importance, "rb");
  if (file == NULL) return 0;
  CHECK(fread(&value, sizeof value, 1, file) == 1);
  fclose(file);
  return value;
}

TEST(importance, "capi/importance: measured, quantized by; no file where it is stopped") {
  remove(importance);
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  int32_t ids[70];
  for (int32_t i = 0; i < 70; ++i) ids[i] = i * 3;
  int calls = 0;
  tlite_importance_options options;
  tlite_importance_options_init(&options, sizeof options);
  CHECK(options.chunk == 512 && options.format == TLITE_IMPORTANCE_FORMAT_GGUF);
  options.chunk = 32;
  options.on_progress = stop;
  options.user = &calls;
  CHECK_ERROR(
      tlite_measure_importance(model, ids, LENGTH(ids), importance, TLITE_NUL, &options, &error),
      TLITE_ERROR_CANCELLED, "cancelled");
  CHECK(calls == 1 && beginning() == 0);

  tlite_progress* progress = NULL;
  CHECK_OK(tlite_progress_create(&progress, &error));
  options.on_progress = NULL;
  options.progress = progress;
  options.dataset.data = "numbers";
  options.dataset.size = TLITE_NUL;
  CHECK_OK(
      tlite_measure_importance(model, ids, LENGTH(ids), importance, TLITE_NUL, &options, &error));
  int64_t done = 0;
  int64_t total = 0;
  tlite_progress_get(progress, &done, &total);
  CHECK(done == total && total == 1000000);
  tlite_progress_free(progress);
  CHECK(beginning() == 0x46554747); /* "GGUF" */
  options.progress = NULL;
  options.format = TLITE_IMPORTANCE_FORMAT_DAT;
  CHECK_OK(
      tlite_measure_importance(model, ids, LENGTH(ids), importance, TLITE_NUL, &options, &error));
  CHECK(beginning() == 14); /* 7 matrices in each of 2 layers */

  CHECK(tiny_model_write(TLITE_TEST_SCRATCH "/importance_model"));
  tlite_quantize_options quantize;
  tlite_quantize_options_init(&quantize, sizeof quantize);
  quantize.importance.data = importance;
  quantize.importance.size = TLITE_NUL;
  CHECK_OK(tlite_quantize(NULL, TLITE_TEST_SCRATCH "/importance_model", TLITE_NUL, quantized,
                          TLITE_NUL, TLITE_WEIGHT_MIX_Q4_0, &quantize, &error));

  CHECK_ERROR(tlite_measure_importance(model, ids, 31, importance, TLITE_NUL, &options, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "the text has 31 tokens; a chunk has 32");
  CHECK_ERROR(
      tlite_measure_importance(model, ids, LENGTH(ids), importance, TLITE_NUL, NULL, &error),
      TLITE_ERROR_INVALID_ARGUMENT, "a chunk has 512");
  CHECK_ERROR(tlite_measure_importance(model, NULL, 70, importance, TLITE_NUL, &options, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "ids is NULL");
  CHECK_ERROR(tlite_measure_importance(model, ids, LENGTH(ids), NULL, 0, &options, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "target is empty");
  CHECK_ERROR(
      tlite_measure_importance(NULL, ids, LENGTH(ids), importance, TLITE_NUL, &options, &error),
      TLITE_ERROR_INVALID_ARGUMENT, "model");
  options.format = 2;
  CHECK_ERROR(
      tlite_measure_importance(model, ids, LENGTH(ids), importance, TLITE_NUL, &options, &error),
      TLITE_ERROR_INVALID_ARGUMENT, "format is 2, not a tlite_importance_format");
  tlite_model_free(model);
  remove(importance);
  remove(quantized);
}

#include "check.h"

#include <math.h>
#include <string.h>

static tlite_sampling_params defaults(void) {
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  return params;
}

TEST(presets, "capi/sampling: presets are found by name") {
  tlite_sampling_params params = defaults();
  CHECK_OK(tlite_sampling_params_preset("greedy", TLITE_NUL, &params, &error));
  CHECK(params.temperature == 0);
  CHECK_OK(tlite_sampling_params_preset("vllm", 4, &params, &error));
  CHECK(params.temperature == 1 && params.top_p == 1);
  CHECK_ERROR(tlite_sampling_params_preset("best", 4, &params, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "best");
  CHECK_STATUS(tlite_sampling_params_preset(NULL, 0, &params, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
}

TEST(validate, "capi/sampling: lists reach the library, and what is out of range is named") {
  const tlite_logit_bias bias[] = {{1, -INFINITY}, {99, 2.0F}};
  const int32_t ids[] = {1, 2, 99};
  const tlite_text stop[] = {{"\n", 1}, {"stop", TLITE_NUL}};
  tlite_sampling_params params = defaults();
  params.logit_bias = bias;
  params.logit_bias_count = 2;
  params.stop_token_ids = ids;
  params.stop_token_id_count = 3;
  params.stop = stop;
  params.stop_count = 2;
  CHECK_OK(tlite_sampling_params_validate(&params, 100, &error));
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "99");
  params.logit_bias_count = 0;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "stop_token_ids");

  params = defaults();
  const tlite_text empty = {NULL, 0};
  params.stop = &empty;
  params.stop_count = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "stop");
  params = defaults();
  params.stop_count = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "stop is NULL");
  params = defaults();
  params.temperature = NAN;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "temperature");
  params = defaults();
  params.logprobs = 65;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "logprobs");
}

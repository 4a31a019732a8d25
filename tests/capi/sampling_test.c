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
  CHECK_OK(tlite_sampling_params_get_preset("greedy", TLITE_NUL, &params, &error));
  CHECK(params.temperature == 0);
  CHECK_OK(tlite_sampling_params_get_preset("vllm", 4, &params, &error));
  CHECK(params.temperature == 1 && params.top_p == 1);
  CHECK_ERROR(tlite_sampling_params_get_preset("best", 4, &params, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "best");
  CHECK_STATUS(tlite_sampling_params_get_preset(NULL, 0, &params, &error),
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

TEST(rules, "capi/sampling: transformers' fields reach the library, and are checked by name") {
  const int32_t ids[] = {1, 99};
  const tlite_token_list words[] = {{ids, 1}, {ids, 2}};
  const tlite_sequence_bias bias[] = {{{ids, 2}, 1.5F, 0}};
  const tlite_token_list nothing = {NULL, 0};
  tlite_sampling_params params = defaults();
  CHECK(params.typical_p == 1 && params.max_length == -1 && params.length_decay_factor == 1);
  params.suppress_tokens = params.begin_suppress_tokens = params.forced_eos_token_ids = ids;
  params.suppress_token_count = 2;
  params.bad_words = words;
  params.bad_word_count = 2;
  params.sequence_bias = bias;
  params.sequence_bias_count = 1;
  CHECK_OK(tlite_sampling_params_validate(&params, 100, &error));
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "suppress_tokens[1] is 99");
  params.suppress_token_count = 0;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "bad_words[1][1] is 99");
  params.bad_word_count = 0;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "sequence_bias[0].first[1] is 99");
  params.sequence_bias_count = 0;
  params.begin_suppress_token_count = 2;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "begin_suppress_tokens[1] is 99");
  params.begin_suppress_token_count = 0;
  params.forced_eos_token_id_count = 2;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "forced_eos_token_ids[1] is 99");
  params = defaults();
  params.bad_words = &nothing;
  params.bad_word_count = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "bad_words[0] is empty");
  params = defaults();
  params.length_decay_start = 0;
  params.length_decay_factor = 0;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "length_decay.factor is 0");
  params = defaults();
  params.eta_cutoff = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "eta_cutoff is 1");
  CHECK_ERROR(tlite_sampling_params_validate(&params, -1, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "vocab_size is -1");
  params = defaults();
  params.reserved = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_NOT_SUPPORTED,
              "sampling_params.reserved is 1");
}

TEST(llama_cpp, "capi/sampling: llama.cpp's samplers are off by default, and checked by name") {
  const int32_t ids[] = {1, 99};
  const tlite_token_list breakers[] = {{ids, 2}};
  tlite_sampling_params params = defaults();
  CHECK(params.top_n_sigma == 0 && params.xtc_probability == 0 && params.dry_multiplier == 0);
  CHECK(params.mirostat == 0 && params.dynatemp_range == 0 && params.adaptive_target == -1);
  CHECK(params.dry_penalty_last_n == TLITE_UNSET && params.dry_allowed_length == 2);
  params.allowed_token_ids = ids;
  params.allowed_token_id_count = 2;
  params.dry_sequence_breakers = breakers;
  params.dry_sequence_breaker_count = 1;
  CHECK_OK(tlite_sampling_params_validate(&params, 100, &error));
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "allowed_token_ids[1] is 99");
  params.allowed_token_id_count = 0;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "dry_sequence_breakers[0][1] is 99");
  params = defaults();
  params.mirostat = 3;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "mirostat is 3");
  params = defaults();
  params.adaptive_decay = 1;
  CHECK_ERROR(tlite_sampling_params_validate(&params, 99, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "adaptive_decay is 1");
}

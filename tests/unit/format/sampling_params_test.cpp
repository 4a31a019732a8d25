#include <cmath>
#include <functional>
#include <limits>
#include <string>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/sampling.hpp>

namespace tlite {

TEST_CASE("format/sampling_params: presets are valid and those of their programs") {
  for (const char* name : {"greedy", "vllm", "huggingface", "llama_cpp"}) {
    CHECK_NOTHROW(validate(sampling_preset(name), 10));
  }
  CHECK(sampling_preset("greedy").temperature == 0.0F);
  CHECK(sampling_preset("vllm").max_new_tokens == 16);
  CHECK(sampling_preset("huggingface").top_k == 50);
  CHECK(sampling_preset("llama_cpp").min_p == 0.05F);
  try {
    sampling_preset("model");
    FAIL("nothing was thrown");
  } catch (const Error& error) {
    CHECK(error.code() == ErrorCode::invalid_argument);
    CHECK(std::string(error.what()) ==
          "no sampling preset is named 'model'; there are greedy, vllm, huggingface and "
          "llama_cpp");
  }
}

TEST_CASE("format/sampling_params: the message names the field and the value") {
  const float nan = std::nanf("");
  const float infinity = std::numeric_limits<float>::infinity();
  struct Row {
    std::function<void(SamplingParams&)> change;
    std::string text;
  };
  const Row rows[] = {
      {[](auto& p) { p.temperature = -0.5F; }, "temperature is -0.5, it must be 0 or more"},
      {[&](auto& p) { p.temperature = nan; }, "temperature is nan, it must be 0 or more"},
      {[&](auto& p) { p.temperature = infinity; }, "temperature is inf, it must be 0 or more"},
      {[](auto& p) { p.top_k = -1; }, "top_k is -1, it must be 0 or more"},
      {[](auto& p) { p.top_p = 0.0F; }, "top_p is 0, it must be above 0 and at most 1"},
      {[](auto& p) { p.top_p = 1.5F; }, "top_p is 1.5, it must be above 0 and at most 1"},
      {[](auto& p) { p.min_p = -0.1F; }, "min_p is -0.1, it must be between 0 and 1"},
      {[](auto& p) { p.repetition_penalty = 0.0F; }, "repetition_penalty is 0, it must be above 0"},
      {[&](auto& p) { p.presence_penalty = infinity; },
       "presence_penalty is inf, it must be finite"},
      {[&](auto& p) { p.frequency_penalty = nan; }, "frequency_penalty is nan, it must be finite"},
      {[](auto& p) {
         p.logit_bias = {{3, 1.0F}, {100, 1.0F}};
       },
       "logit_bias[1].first is 100, it must be a token id below the vocabulary size 100"},
      {[&](auto& p) {
         p.logit_bias = {{3, infinity}};
       },
       "logit_bias[0].second is inf, it must be below infinity"},
      {[&](auto& p) {
         p.logit_bias = {{3, nan}};
       },
       "logit_bias[0].second is nan, it must be below infinity"},
      {[](auto& p) { p.max_new_tokens = -2; }, "max_new_tokens is -2, it must be -1 or more"},
      {[](auto& p) { p.min_new_tokens = -1; }, "min_new_tokens is -1, it must be 0 or more"},
      {[](auto& p) { p.min_new_tokens = 9, p.max_new_tokens = 8; },
       "min_new_tokens is 9, it must be at most max_new_tokens, 8"},
      {[](auto& p) { p.allowed_token_ids = {100}; },
       "allowed_token_ids[0] is 100, it must be a token id below the vocabulary size 100"},
      {[](auto& p) { p.top_n_sigma = -1.0F; }, "top_n_sigma is -1, it must be 0 or more"},
      {[](auto& p) { p.xtc_probability = 1.5F; },
       "xtc_probability is 1.5, it must be between 0 and 1"},
      {[&](auto& p) { p.xtc_threshold = nan; }, "xtc_threshold is nan, it must be between 0 and 1"},
      {[](auto& p) { p.dry_multiplier = -2.0F; }, "dry_multiplier is -2, it must be 0 or more"},
      {[](auto& p) { p.dry_base = 0.5F; }, "dry_base is 0.5, it must be 1 or more"},
      {[](auto& p) { p.dry_allowed_length = 0; }, "dry_allowed_length is 0, it must be 1 or more"},
      {[](auto& p) { p.dry_penalty_last_n = -2; },
       "dry_penalty_last_n is -2, it must be -1 or more"},
      {[](auto& p) {
         p.dry_sequence_breakers = {{1}, {}};
       },
       "dry_sequence_breakers[1] is empty, it must be a sequence of tokens"},
      {[](auto& p) { p.mirostat = 3; }, "mirostat is 3, it must be 0 (off), 1 or 2"},
      {[](auto& p) { p.mirostat_tau = -1.0F; }, "mirostat_tau is -1, it must be 0 or more"},
      {[&](auto& p) { p.mirostat_eta = infinity; }, "mirostat_eta is inf, it must be 0 or more"},
      {[](auto& p) { p.dynatemp_range = -1.0F; }, "dynatemp_range is -1, it must be 0 or more"},
      {[&](auto& p) { p.dynatemp_exponent = nan; },
       "dynatemp_exponent is nan, it must be 0 or more"},
      {[](auto& p) { p.adaptive_target = 1.5F; },
       "adaptive_target is 1.5, it must be -1 (off) or between 0 and 1"},
      {[](auto& p) { p.adaptive_decay = 1.0F; },
       "adaptive_decay is 1, it must be between 0 and 0.99"},
      {[](auto& p) { p.stop_token_ids = {-1}; },
       "stop_token_ids[0] is -1, it must be a token id below the vocabulary size 100"},
      {[](auto& p) {
         p.stop = {"a", ""};
       },
       "stop[1] is empty, it must be a text"},
      {[](auto& p) { p.logprobs = 65; }, "logprobs is 65, it must be -1 (none) to 64"},
  };
  for (const Row& row : rows) {
    SamplingParams params;
    row.change(params);
    try {
      validate(params, 100);
      FAIL("nothing was thrown for: " << row.text);
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_argument);
      CHECK(std::string(error.what()) == "sampling: " + row.text);
    }
  }
}

TEST_CASE("format/sampling_params: the edges of the ranges are inside") {
  SamplingParams params;
  params.temperature = 0.0F;
  params.min_p = 1.0F;
  params.repetition_penalty = 0.01F;
  params.logit_bias = {{0, -std::numeric_limits<float>::infinity()}, {99, 5.0F}};
  params.max_new_tokens = 0;
  params.logprobs = 64;
  CHECK_NOTHROW(validate(params, 100));
}

}  // namespace tlite

// How the next token is chosen.
//
//   tlite::SamplingParams params = model.default_sampling();   // the model's
//   generation_config.json params.temperature = 0.7F;
//
// Order: penalties and bias, temperature, top_k, top_p, min_p, draw. Semantics follow Hugging Face
// transformers and vLLM; see the field comments. Logprobs are those of the raw distribution.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlite/export.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

struct SamplingParams {
  // Choice.
  float temperature = 1.0F;  // >= 0; 0 is greedy: the largest logit, ties to the lowest id
  std::int32_t top_k = 0;    // keep the k largest and their ties; 0: all
  float top_p = 1.0F;        // (0, 1]: smallest set reaching p, the token that crosses it included
  float min_p = 0.0F;        // [0, 1]: drop what is less likely than min_p times the likeliest
  std::optional<std::uint64_t> seed = std::nullopt;  // unset: drawn from the operating system

  // Penalties.
  float repetition_penalty =
      1.0F;                        // > 0, over prompt and output: logit > 0 divided, < 0 multiplied
  float presence_penalty = 0.0F;   // subtracted once per token present in the output
  float frequency_penalty = 0.0F;  // subtracted per occurrence in the output
  std::vector<std::pair<TokenId, float>> logit_bias;  // added; -infinity bans a token

  // Length and stops.
  std::int32_t max_new_tokens = -1;     // -1: until the context is full
  std::int32_t min_new_tokens = 0;      // end-of-sequence and stop ids are masked before this many
  bool ignore_eos = false;              // go on after an end-of-sequence token
  std::vector<TokenId> stop_token_ids;  // beside the model's own end-of-sequence set
  std::vector<std::string> stop;        // UTF-8 strings, none empty
  bool include_stop_in_output = false;  // keep the stop string in the text

  // Report.
  std::int32_t logprobs =
      -1;  // -1: none; 0: of the chosen token; n: and of the n likeliest (<= 64)
};

// Named sets of defaults: "greedy", "vllm", "huggingface", "llama_cpp". ("model" is
// Model::default_sampling.) Throws invalid_argument for another name.
TLITE_API SamplingParams sampling_preset(std::string_view name);

// Throws invalid_argument naming the field and the value that is out of range. `vocabulary_size`
// bounds the ids in logit_bias and stop_token_ids.
TLITE_API void validate(const SamplingParams& params, std::size_t vocabulary_size);

struct TokenLogprob {
  TokenId token = -1;
  float logprob = 0.0F;   // natural logarithm
  std::int32_t rank = 0;  // 1: the likeliest
};

}  // namespace tlite

// How the next token is chosen.
//
//   tlite::SamplingParams params = model.default_sampling();  // its generation_config.json
//   params.temperature = 0.7F;
//
// Order: a logits processor, allowed tokens, bias, penalties, DRY, n-grams and bad words, shortest
// length, the end of thinking, forced ends, decay, suppression; then, where tokens are drawn,
// top_n_sigma, temperature, top_k, top_p, min_p, typical_p, epsilon, eta, XTC, dynamic temperature,
// adaptive_p; or temperature and mirostat. Semantics follow Hugging Face transformers and vLLM; see
// the field comments. Logprobs are those of the raw distribution.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
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

  // Which tokens may come: transformers' processors of these names, from the tokens so far. A
  // sequence acts on its last token where what came before ends with the others.
  std::vector<TokenId> suppress_tokens;         // never
  std::vector<TokenId> begin_suppress_tokens;   // not as the first of the answer
  std::vector<std::vector<TokenId>> bad_words;  // sequences that never become complete
  std::vector<std::pair<std::vector<TokenId>, float>> sequence_bias;  // added to the last token
  std::int32_t no_repeat_ngram_size = 0;  // no n tokens twice, prompt included; 0: off
  std::optional<TokenId> forced_bos_token_id = std::nullopt;  // behind a prompt of one token
  std::vector<TokenId> forced_eos_token_ids;  // one of these is the last that max_new_tokens allows

  // Filters behind min_p, of what is left: see the papers in sample/candidates.hpp.
  float typical_p = 1.0F;       // (0, 1]; 1: off
  float epsilon_cutoff = 0.0F;  // [0, 1): drop what is less likely; 0: off
  float eta_cutoff = 0.0F;      // [0, 1): the same, less where much is likely; 0: off

  // Length and stops.
  std::int32_t max_new_tokens = -1;  // -1: until the context is full
  std::int32_t min_new_tokens = 0;   // end-of-sequence and stop ids are masked before this many
  std::int32_t max_length = -1;      // of prompt and answer together, where max_new_tokens is -1
  std::int32_t min_length = 0;       // the same beside min_new_tokens
  // From the start-th token of the answer on the end of sequence gets likelier, by a penalty that
  // grows as factor to the power of the tokens since.
  struct LengthDecay {
    std::int32_t start = 0;
    float factor = 1.0F;  // > 0
  };
  std::optional<LengthDecay> length_decay = std::nullopt;
  bool ignore_eos = false;              // go on after an end-of-sequence token
  std::vector<TokenId> stop_token_ids;  // beside the model's own end-of-sequence set
  std::vector<std::string> stop;        // UTF-8 strings, none empty
  bool include_stop_in_output = false;  // keep the stop string in the text

  // Report.
  std::int32_t logprobs =
      -1;  // -1: none; 0: of the chosen token; n: and of the n likeliest (<= 64)

  // vLLM's: nothing but these; empty: all.
  std::vector<TokenId> allowed_token_ids;

  // Samplers that llama.cpp has, with its names, defaults and meaning; each names its source in its
  // file of lib/sample.
  float top_n_sigma = 0.0F;      // >= 0: keep logits within n standard deviations of the largest
  float xtc_probability = 0.0F;  // [0, 1]: how often, of the tokens that reach xtc_threshold, all
  float xtc_threshold = 0.1F;    // [0, 1] but the least likely go; above 0.5 never
  // DRY: what would go on with a repetition of dry_allowed_length tokens or more loses
  // multiplier * base^(length - allowed length).
  float dry_multiplier = 0.0F;           // >= 0; 0: off
  float dry_base = 1.75F;                // >= 1
  std::int32_t dry_allowed_length = 2;   // >= 1
  std::int32_t dry_penalty_last_n = -1;  // tokens looked at; -1: all, prompt included; 0: off
  std::vector<std::vector<TokenId>> dry_sequence_breakers;  // no repetition reaches over one
  // Mirostat 1 or 2; 0: off. It takes the place of all filters, top_k included. Where an answer is
  // continued it starts from its target anew, as adaptive_target does.
  std::int32_t mirostat = 0;
  float mirostat_tau = 5.0F;  // >= 0: the surprise aimed at, in bits
  float mirostat_eta = 0.1F;  // >= 0: how fast it learns
  // Temperatures from temperature - range to temperature + range, by the entropy of what the
  // filters leave; they see temperature 1 then. No effect with temperature 0.
  float dynatemp_range = 0.0F;     // >= 0; 0: off
  float dynatemp_exponent = 1.0F;  // >= 0
  // Adaptive-p: draws near this probability, corrected by the average of what was drawn.
  float adaptive_target = -1.0F;  // [0, 1]; -1: off
  float adaptive_decay = 0.9F;    // [0, 0.99]: of the average, about 1 / (1 - decay) tokens long

  // vLLM's thinking_token_budget: once so many tokens follow an open <think>, those of the prompt
  // included, </think> comes next. -1: none. A model that has no such tokens takes no other value.
  std::int32_t thinking_budget = -1;
};

// Changes the logits of the next token behind `tokens`, prompt and answer. It comes before all that
// SamplingParams do, which see what it leaves as if the model had said so; logprobs stay those of
// the model. (vLLM has such a processor behind its allowed tokens, transformers behind the
// penalties, both before the temperature.) -infinity bans a token; NaN and +infinity end the answer
// with invalid_argument. What it throws ends the answer too: an Error as it is, cancelled as a
// cancel does, and anything else as invalid_argument with its text.
using LogitsProcessor =
    std::function<void(std::span<const TokenId> tokens, std::span<float> logits)>;

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

// What a sampler chose.
struct SampledToken {
  TokenId token = -1;
  std::optional<TokenLogprob> logprob;         // where asked for
  std::span<const TokenLogprob> top_logprobs;  // likewise; valid until the sampler's next token
};

}  // namespace tlite

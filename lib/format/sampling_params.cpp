#include "base/float_env.hpp"

#include <cmath>
#include <concepts>
#include <limits>
#include <sstream>

#include <tlite/error.hpp>
#include <tlite/sampling.hpp>

namespace tlite {

namespace {

constexpr std::int32_t kMaxLogprobs = 64;

template <class Value>
[[noreturn]] void refuse(std::string_view field, const Value& value, std::string_view rule) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << "sampling: " << field << " is " << value << ", it must be " << rule;
  throw Error(ErrorCode::invalid_argument, text.str());
}

// Written so that NaN is out of every range.
void check_range(std::string_view field, float value, float low, float high,
                 std::string_view rule) {
  if (!(value >= low && value <= high)) refuse(field, value, rule);
}

void check_token(const std::string& field, TokenId token, std::size_t vocabulary_size) {
  if (token < 0 || static_cast<std::size_t>(token) >= vocabulary_size) {
    refuse(field, token, "a token id below the vocabulary size " + std::to_string(vocabulary_size));
  }
}

std::string indexed(std::string_view field, std::size_t i) {
  return std::string(field) + "[" + std::to_string(i) + "]";
}

void check_tokens(const std::string& field, const std::vector<TokenId>& tokens,
                  std::size_t vocabulary_size) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    check_token(indexed(field, i), tokens[i], vocabulary_size);
  }
}

void check_sequence(const std::string& field, const std::vector<TokenId>& tokens,
                    std::size_t vocabulary_size) {
  if (tokens.empty()) refuse(field, "empty", "a sequence of tokens");
  check_tokens(field, tokens, vocabulary_size);
}

constexpr float kBelowOne = 0x1.fffffep-1F;
constexpr float kLargest = std::numeric_limits<float>::max();

void validate_dry(const SamplingParams& params, std::size_t vocabulary_size) {
  check_range("dry_multiplier", params.dry_multiplier, 0.0F, kLargest, "0 or more");
  check_range("dry_base", params.dry_base, 1.0F, kLargest, "1 or more");
  if (params.dry_allowed_length < 1) {
    refuse("dry_allowed_length", params.dry_allowed_length, "1 or more");
  }
  if (params.dry_penalty_last_n < -1) {
    refuse("dry_penalty_last_n", params.dry_penalty_last_n, "-1 or more");
  }
  for (std::size_t i = 0; i < params.dry_sequence_breakers.size(); ++i) {
    check_sequence(indexed("dry_sequence_breakers", i), params.dry_sequence_breakers[i],
                   vocabulary_size);
  }
}

// What llama.cpp has and neither transformers nor vLLM.
void validate_llama_cpp(const SamplingParams& params, std::size_t vocabulary_size) {
  check_range("top_n_sigma", params.top_n_sigma, 0.0F, kLargest, "0 or more");
  check_range("xtc_probability", params.xtc_probability, 0.0F, 1.0F, "between 0 and 1");
  check_range("xtc_threshold", params.xtc_threshold, 0.0F, 1.0F, "between 0 and 1");
  validate_dry(params, vocabulary_size);
  if (params.mirostat < 0 || params.mirostat > 2) {
    refuse("mirostat", params.mirostat, "0 (off), 1 or 2");
  }
  check_range("mirostat_tau", params.mirostat_tau, 0.0F, kLargest, "0 or more");
  check_range("mirostat_eta", params.mirostat_eta, 0.0F, kLargest, "0 or more");
  check_range("dynatemp_range", params.dynatemp_range, 0.0F, kLargest, "0 or more");
  check_range("dynatemp_exponent", params.dynatemp_exponent, 0.0F, kLargest, "0 or more");
  if (params.adaptive_target != -1.0F) {
    check_range("adaptive_target", params.adaptive_target, 0.0F, 1.0F,
                "-1 (off) or between 0 and 1");
  }
  check_range("adaptive_decay", params.adaptive_decay, 0.0F, 0.99F, "between 0 and 0.99");
}

}  // namespace

SamplingParams sampling_preset(std::string_view name) {
  SamplingParams params;
  if (name == "greedy") {
    params.temperature = 0.0F;
  } else if (name == "vllm") {
    params.max_new_tokens = 16;
  } else if (name == "huggingface") {
    params.temperature = 0.0F;  // do_sample=False; top_k counts once a temperature is set
    params.top_k = 50;
    params.max_new_tokens = 20;
  } else if (name == "llama_cpp") {
    params.temperature = 0.8F;
    params.top_k = 40;
    params.top_p = 0.95F;
    params.min_p = 0.05F;
  } else {
    throw Error(ErrorCode::invalid_argument,
                "no sampling preset is named '" + std::string(name) +
                    "'; there are greedy, vllm, huggingface and llama_cpp");
  }
  return params;
}

void validate(const SamplingParams& params, std::size_t vocabulary_size) {
  const DefaultFloatEnv arithmetic;  // a host that sets DAZ would see 0 in the smallest number
  constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
  check_range("temperature", params.temperature, 0.0F, kLargest, "0 or more");
  if (params.top_k < 0) refuse("top_k", params.top_k, "0 or more");
  check_range("top_p", params.top_p, kSmallest, 1.0F, "above 0 and at most 1");
  check_range("min_p", params.min_p, 0.0F, 1.0F, "between 0 and 1");
  check_range("repetition_penalty", params.repetition_penalty, kSmallest, kLargest, "above 0");
  check_range("presence_penalty", params.presence_penalty, -kLargest, kLargest, "finite");
  check_range("frequency_penalty", params.frequency_penalty, -kLargest, kLargest, "finite");
  for (std::size_t i = 0; i < params.logit_bias.size(); ++i) {
    const auto& [token, bias] = params.logit_bias[i];
    check_token(indexed("logit_bias", i) + ".first", token, vocabulary_size);
    if (!(bias <= kLargest)) refuse(indexed("logit_bias", i) + ".second", bias, "below infinity");
  }
  check_range("typical_p", params.typical_p, kSmallest, 1.0F, "above 0 and at most 1");
  check_range("epsilon_cutoff", params.epsilon_cutoff, 0.0F, kBelowOne, "0 or more and below 1");
  check_range("eta_cutoff", params.eta_cutoff, 0.0F, kBelowOne, "0 or more and below 1");
  if (params.no_repeat_ngram_size < 0) {
    refuse("no_repeat_ngram_size", params.no_repeat_ngram_size, "0 or more");
  }
  check_tokens("allowed_token_ids", params.allowed_token_ids, vocabulary_size);
  check_tokens("suppress_tokens", params.suppress_tokens, vocabulary_size);
  check_tokens("begin_suppress_tokens", params.begin_suppress_tokens, vocabulary_size);
  check_tokens("forced_eos_token_ids", params.forced_eos_token_ids, vocabulary_size);
  if (params.forced_bos_token_id) {
    check_token("forced_bos_token_id", *params.forced_bos_token_id, vocabulary_size);
  }
  for (std::size_t i = 0; i < params.bad_words.size(); ++i) {
    check_sequence(indexed("bad_words", i), params.bad_words[i], vocabulary_size);
  }
  for (std::size_t i = 0; i < params.sequence_bias.size(); ++i) {
    const auto& [sequence, bias] = params.sequence_bias[i];
    check_sequence(indexed("sequence_bias", i) + ".first", sequence, vocabulary_size);
    if (!(bias <= kLargest)) {
      refuse(indexed("sequence_bias", i) + ".second", bias, "below infinity");
    }
  }
  if (params.length_decay) {
    if (params.length_decay->start < 0) {
      refuse("length_decay.start", params.length_decay->start, "0 or more");
    }
    check_range("length_decay.factor", params.length_decay->factor, kSmallest, kLargest, "above 0");
  }
  if (params.max_length < -1) refuse("max_length", params.max_length, "-1 or more");
  if (params.min_length < 0) refuse("min_length", params.min_length, "0 or more");
  if (params.max_new_tokens < -1) refuse("max_new_tokens", params.max_new_tokens, "-1 or more");
  if (params.min_new_tokens < 0) refuse("min_new_tokens", params.min_new_tokens, "0 or more");
  if (params.max_new_tokens >= 0 && params.min_new_tokens > params.max_new_tokens) {
    refuse("min_new_tokens", params.min_new_tokens,
           "at most max_new_tokens, " + std::to_string(params.max_new_tokens));
  }
  for (std::size_t i = 0; i < params.stop_token_ids.size(); ++i) {
    check_token(indexed("stop_token_ids", i), params.stop_token_ids[i], vocabulary_size);
  }
  for (std::size_t i = 0; i < params.stop.size(); ++i) {
    if (params.stop[i].empty()) refuse(indexed("stop", i), "empty", "a text");
  }
  validate_llama_cpp(params, vocabulary_size);
  if (params.thinking_budget < -1) {
    refuse("thinking_budget", params.thinking_budget, "-1 (none) or more");
  }
  if (params.logprobs < -1 || params.logprobs > kMaxLogprobs) {
    refuse("logprobs", params.logprobs, "-1 (none) to " + std::to_string(kMaxLogprobs));
  }
}

}  // namespace tlite

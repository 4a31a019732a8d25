#include "sampling.hpp"

#include "arguments.hpp"
#include "structs.hpp"

#include <utility>

namespace tlite::capi {

namespace {

std::vector<TokenId> tokens_in(const std::int32_t* data, std::size_t count, const char* name) {
  const auto ids = list_in(data, count, name);
  return {ids.begin(), ids.end()};
}

// Which tokens may come, and lengths.
void read_rules(const tlite_sampling_params& given, SamplingParams& result) {
  result.typical_p = given.typical_p;
  result.epsilon_cutoff = given.epsilon_cutoff;
  result.eta_cutoff = given.eta_cutoff;
  result.no_repeat_ngram_size = given.no_repeat_ngram_size;
  result.max_length = given.max_length;
  result.min_length = given.min_length;
  if (given.forced_bos_token_id != TLITE_UNSET) {
    result.forced_bos_token_id = given.forced_bos_token_id;
  }
  if (given.length_decay_start != TLITE_UNSET) {
    result.length_decay = {given.length_decay_start, given.length_decay_factor};
  }
  result.suppress_tokens =
      tokens_in(given.suppress_tokens, given.suppress_token_count, "suppress_tokens");
  result.begin_suppress_tokens = tokens_in(
      given.begin_suppress_tokens, given.begin_suppress_token_count, "begin_suppress_tokens");
  result.forced_eos_token_ids = tokens_in(given.forced_eos_token_ids,
                                          given.forced_eos_token_id_count, "forced_eos_token_ids");
  for (const tlite_token_list& word : list_in(given.bad_words, given.bad_word_count, "bad_words")) {
    result.bad_words.push_back(tokens_in(word.data, word.size, "bad_words"));
  }
  for (const tlite_sequence_bias& entry :
       list_in(given.sequence_bias, given.sequence_bias_count, "sequence_bias")) {
    require_zero(entry.reserved, "sequence_bias.reserved");
    result.sequence_bias.emplace_back(
        tokens_in(entry.tokens.data, entry.tokens.size, "sequence_bias"), entry.bias);
  }
}

void read_llama_cpp(const tlite_sampling_params& given, SamplingParams& result) {
  result.top_n_sigma = given.top_n_sigma;
  result.xtc_probability = given.xtc_probability;
  result.xtc_threshold = given.xtc_threshold;
  result.dry_multiplier = given.dry_multiplier;
  result.dry_base = given.dry_base;
  result.dry_allowed_length = given.dry_allowed_length;
  result.dry_penalty_last_n = given.dry_penalty_last_n;
  for (const tlite_token_list& breaker :
       list_in(given.dry_sequence_breakers, given.dry_sequence_breaker_count,
               "dry_sequence_breakers")) {
    result.dry_sequence_breakers.push_back(
        tokens_in(breaker.data, breaker.size, "dry_sequence_breakers"));
  }
  result.mirostat = given.mirostat;
  result.mirostat_tau = given.mirostat_tau;
  result.mirostat_eta = given.mirostat_eta;
  result.dynatemp_range = given.dynatemp_range;
  result.dynatemp_exponent = given.dynatemp_exponent;
  result.adaptive_target = given.adaptive_target;
  result.adaptive_decay = given.adaptive_decay;
}

void write_llama_cpp(const SamplingParams& params, tlite_sampling_params& result) noexcept {
  result.top_n_sigma = params.top_n_sigma;
  result.xtc_probability = params.xtc_probability;
  result.xtc_threshold = params.xtc_threshold;
  result.dry_multiplier = params.dry_multiplier;
  result.dry_base = params.dry_base;
  result.dry_allowed_length = params.dry_allowed_length;
  result.dry_penalty_last_n = params.dry_penalty_last_n;
  result.mirostat = params.mirostat;
  result.mirostat_tau = params.mirostat_tau;
  result.mirostat_eta = params.mirostat_eta;
  result.dynatemp_range = params.dynatemp_range;
  result.dynatemp_exponent = params.dynatemp_exponent;
  result.adaptive_target = params.adaptive_target;
  result.adaptive_decay = params.adaptive_decay;
}

}  // namespace

LogitsProcessor logits_processor_in(tlite_logits_callback callback, void* user) {
  if (callback == nullptr) return {};
  return [callback, user](std::span<const TokenId> tokens, std::span<float> logits) {
    if (callback(tokens.data(), tokens.size(), logits.data(), logits.size(), user) == 0) return;
    // A callback has no other way to end an answer than to let the work on it throw; who makes
    // answers turns this one into the reason.
    throw Error(ErrorCode::cancelled, "the logits callback has stopped the answer");
  };
}

SamplingParams sampling_in(const tlite_sampling_params* params) {
  required(params, "params");
  // The defaults that fill in a shorter structure are those of init: a program that knows fewer
  // fields gets what it would have got from its own library.
  const tlite_sampling_params given = read_struct(params, sampling_scalars_out({}));
  require_zero(given.reserved, "sampling_params.reserved");
  require_zero(given.reserved2, "sampling_params.reserved2");
  SamplingParams result;
  result.temperature = given.temperature;
  result.top_k = given.top_k;
  result.top_p = given.top_p;
  result.min_p = given.min_p;
  if (given.has_seed != 0) result.seed = given.seed;
  result.repetition_penalty = given.repetition_penalty;
  result.presence_penalty = given.presence_penalty;
  result.frequency_penalty = given.frequency_penalty;
  result.max_new_tokens = given.max_new_tokens;
  result.min_new_tokens = given.min_new_tokens;
  result.ignore_eos = given.ignore_eos != 0;
  result.include_stop_in_output = given.include_stop_in_output != 0;
  result.logprobs = given.logprobs;
  for (const tlite_logit_bias& bias :
       list_in(given.logit_bias, given.logit_bias_count, "logit_bias")) {
    result.logit_bias.emplace_back(bias.token, bias.bias);
  }
  const auto ids = list_in(given.stop_token_ids, given.stop_token_id_count, "stop_token_ids");
  result.stop_token_ids.assign(ids.begin(), ids.end());
  result.allowed_token_ids =
      tokens_in(given.allowed_token_ids, given.allowed_token_id_count, "allowed_token_ids");
  read_rules(given, result);
  read_llama_cpp(given, result);
  result.thinking_budget = given.thinking_budget;
  for (const tlite_text& stop : list_in(given.stop, given.stop_count, "stop")) {
    result.stop.emplace_back(text_in(stop, "stop"));
  }
  return result;
}

tlite_sampling_params sampling_scalars_out(const SamplingParams& params) noexcept {
  tlite_sampling_params result = {};
  result.struct_size = sizeof result;
  result.temperature = params.temperature;
  result.top_k = params.top_k;
  result.top_p = params.top_p;
  result.min_p = params.min_p;
  result.has_seed = params.seed.has_value() ? 1 : 0;
  result.seed = params.seed.value_or(0);
  result.repetition_penalty = params.repetition_penalty;
  result.presence_penalty = params.presence_penalty;
  result.frequency_penalty = params.frequency_penalty;
  result.max_new_tokens = params.max_new_tokens;
  result.min_new_tokens = params.min_new_tokens;
  result.ignore_eos = params.ignore_eos ? 1 : 0;
  result.include_stop_in_output = params.include_stop_in_output ? 1 : 0;
  result.logprobs = params.logprobs;
  result.typical_p = params.typical_p;
  result.epsilon_cutoff = params.epsilon_cutoff;
  result.eta_cutoff = params.eta_cutoff;
  result.no_repeat_ngram_size = params.no_repeat_ngram_size;
  result.max_length = params.max_length;
  result.min_length = params.min_length;
  result.forced_bos_token_id = params.forced_bos_token_id.value_or(TLITE_UNSET);
  // Off is a start of unset in C; the factor then is one that changes nothing.
  const auto decay = params.length_decay.value_or(SamplingParams::LengthDecay{TLITE_UNSET, 1.0F});
  result.length_decay_start = decay.start;
  result.length_decay_factor = decay.factor;
  write_llama_cpp(params, result);
  result.thinking_budget = params.thinking_budget;
  return result;
}

// Each list is whole before its pointer is taken. Empty lists may come out as a pointer that is not
// NULL: their count is what says so.
SamplingView::SamplingView(SamplingParams params)
    : value_(std::move(params)), view_(sampling_scalars_out(value_)) {
  for (const auto& [token, bias] : value_.logit_bias) logit_bias_.push_back({token, bias});
  for (const std::string& stop : value_.stop) stop_.push_back(text_out(stop));
  view_.logit_bias = logit_bias_.data();
  view_.logit_bias_count = logit_bias_.size();
  view_.stop_token_ids = value_.stop_token_ids.data();
  view_.stop_token_id_count = value_.stop_token_ids.size();
  view_.stop = stop_.data();
  view_.stop_count = stop_.size();
  view_.suppress_tokens = value_.suppress_tokens.data();
  view_.suppress_token_count = value_.suppress_tokens.size();
  view_.begin_suppress_tokens = value_.begin_suppress_tokens.data();
  view_.begin_suppress_token_count = value_.begin_suppress_tokens.size();
  view_.forced_eos_token_ids = value_.forced_eos_token_ids.data();
  view_.forced_eos_token_id_count = value_.forced_eos_token_ids.size();
  for (const auto& word : value_.bad_words) bad_words_.push_back({word.data(), word.size()});
  for (const auto& [tokens, bias] : value_.sequence_bias) {
    sequence_bias_.push_back({{tokens.data(), tokens.size()}, bias, 0});
  }
  view_.bad_words = bad_words_.data();
  view_.bad_word_count = bad_words_.size();
  for (const auto& breaker : value_.dry_sequence_breakers) {
    breakers_.push_back({breaker.data(), breaker.size()});
  }
  view_.dry_sequence_breakers = breakers_.data();
  view_.dry_sequence_breaker_count = breakers_.size();
  view_.allowed_token_ids = value_.allowed_token_ids.data();
  view_.allowed_token_id_count = value_.allowed_token_ids.size();
  view_.sequence_bias = sequence_bias_.data();
  view_.sequence_bias_count = sequence_bias_.size();
}

}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_sampling_params_init(tlite_sampling_params* params,
                                        size_t struct_size) noexcept {
  return guard(nullptr, [&] {
    required(params, "params");
    check_struct_size<tlite_sampling_params>(struct_size);
    copy_out(sampling_scalars_out({}), params, struct_size);
  });
}

tlite_status tlite_sampling_params_get_preset(const char* name, size_t name_size,
                                              tlite_sampling_params* out,
                                              tlite_error** error) noexcept {
  return guard(error, [&] {
    const std::size_t size = out_struct_size(out, "out");
    const tlite::SamplingParams preset = tlite::sampling_preset(text_in(name, name_size, "name"));
    copy_out(sampling_scalars_out(preset), out, size);
  });
}

tlite_status tlite_sampling_params_validate(const tlite_sampling_params* params, int32_t vocab_size,
                                            tlite_error** error) noexcept {
  return guard(error, [&] {
    if (vocab_size < 0) throw_invalid("vocab_size is " + std::to_string(vocab_size));
    tlite::validate(sampling_in(params), static_cast<std::size_t>(vocab_size));
  });
}

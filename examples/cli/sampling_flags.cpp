#include "sampling_flags.hpp"

#include <charconv>
#include <cstdint>
#include <string>
#include <utility>

#include <openai/sequence_breakers.hpp>

namespace cli {
namespace {

template <class T, class U>
void apply(T& field, const std::optional<U>& flag) {
  if (flag) field = *flag;
}

// CLI11 takes a number that does not fit for the largest that does.
std::string check_seed(const std::string& text) {
  std::uint64_t seed = 0;
  const char* const end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, seed);
  return result.ec == std::errc() && result.ptr == end ? "" : text + " is not a number of 64 bits";
}

std::pair<tlite::TokenId, float> parse_bias(const std::string& text) {
  const char* const end = text.data() + text.size();
  tlite::TokenId id = 0;
  float value = 0;
  const auto first = std::from_chars(text.data(), end, id);
  const bool separated = first.ec == std::errc() && first.ptr != end && *first.ptr == '=';
  const auto second = separated ? std::from_chars(first.ptr + 1, end, value) : first;
  if (!separated || second.ec != std::errc() || second.ptr != end) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument,
                       "--logit-bias takes ID=VALUE, not '" + text + "'");
  }
  return {id, value};
}

// Named as llama.cpp's programs name them.
void add_llama_cpp_flags(CLI::App& command, SamplingFlags& flags) {
  const auto add = [&](const std::string& name, auto& field, const std::string& description) {
    command.add_option(name, field, description)
        ->group("Sampling as in llama.cpp (default: off)")
        ->allow_extra_args(false);
  };
  add("--top-n-sigma", flags.top_n_sigma, "logits within n standard deviations of the largest");
  add("--xtc-probability", flags.xtc_probability, "how often top choices are excluded");
  add("--xtc-threshold", flags.xtc_threshold, "from this probability on (0.1)");
  add("--dry-multiplier", flags.dry_multiplier, "against repetitions");
  add("--dry-base", flags.dry_base, "grows with their length (1.75)");
  add("--dry-allowed-length", flags.dry_allowed_length, "not below this length (2)");
  add("--dry-penalty-last-n", flags.dry_penalty_last_n, "tokens looked at; -1: all");
  add("--dry-sequence-breaker", flags.dry_sequence_breakers,
      "no repetition reaches over this text; may be repeated");
  add("--mirostat", flags.mirostat, "version 1 or 2, in place of all filters");
  add("--mirostat-tau", flags.mirostat_tau, "surprise aimed at, in bits (5)");
  add("--mirostat-eta", flags.mirostat_eta, "how fast it learns (0.1)");
  add("--dynatemp-range", flags.dynatemp_range, "temperature plus and minus this, by entropy");
  add("--dynatemp-exponent", flags.dynatemp_exponent, "of the entropy (1)");
  add("--adaptive-target", flags.adaptive_target, "draw near this probability");
  add("--adaptive-decay", flags.adaptive_decay, "of its average (0.9)");
}

void apply_llama_cpp_flags(const SamplingFlags& flags, tlite::SamplingParams& params) {
  apply(params.top_n_sigma, flags.top_n_sigma);
  apply(params.xtc_probability, flags.xtc_probability);
  apply(params.xtc_threshold, flags.xtc_threshold);
  apply(params.dry_multiplier, flags.dry_multiplier);
  apply(params.dry_base, flags.dry_base);
  apply(params.dry_allowed_length, flags.dry_allowed_length);
  apply(params.dry_penalty_last_n, flags.dry_penalty_last_n);
  apply(params.mirostat, flags.mirostat);
  apply(params.mirostat_tau, flags.mirostat_tau);
  apply(params.mirostat_eta, flags.mirostat_eta);
  apply(params.dynatemp_range, flags.dynatemp_range);
  apply(params.dynatemp_exponent, flags.dynatemp_exponent);
  apply(params.adaptive_target, flags.adaptive_target);
  apply(params.adaptive_decay, flags.adaptive_decay);
}

}  // namespace

void add_sampling_flags(CLI::App& command, SamplingFlags& flags) {
  const std::string group = "Sampling (defaults: the model's generation_config.json)";
  const auto add = [&](const std::string& name, auto& field, const std::string& description) {
    return command.add_option(name, field, description)->group(group);
  };
  add("--preset", flags.preset, "defaults to begin with")
      ->check(CLI::IsMember({"model", "greedy", "vllm", "huggingface", "llama_cpp"}));
  CLI::Option* const greedy =
      command.add_flag("--greedy", flags.greedy, "the likeliest token always")->group(group);
  add("--temperature", flags.temperature, "0: greedy")->excludes(greedy);
  add("--top-p", flags.top_p, "smallest set of this probability");
  add("--top-k", flags.top_k, "the k likeliest; 0: all");
  add("--min-p", flags.min_p, "at least this share of the likeliest");
  add("--repetition-penalty", flags.repetition_penalty, "over prompt and answer; 1: none");
  add("--presence-penalty", flags.presence_penalty, "per token in the answer");
  add("--frequency-penalty", flags.frequency_penalty, "per occurrence in the answer");
  add("--logit-bias", flags.logit_bias, "ID=VALUE; may be repeated")->allow_extra_args(false);
  add("--allowed-token-id", flags.allowed_token_ids, "nothing but these; may be repeated")
      ->allow_extra_args(false);
  add("--thinking-budget", flags.thinking_budget, "tokens behind <think> at most, then </think>");
  add("--seed", flags.seed, "of the random draws")->check(check_seed);
  add("-n,--max-new-tokens", flags.max_new_tokens, "tokens at most; -1: until the context is full");
  add("--min-new-tokens", flags.min_new_tokens, "tokens at least");
  add("--stop", flags.stop, "end before this text; may be repeated")->allow_extra_args(false);
  add("--stop-id", flags.stop_token_ids, "end with this token id; may be repeated")
      ->allow_extra_args(false);
  add("--logprobs", flags.logprobs, "report the log-probabilities of the n likeliest (--json)");
  command.add_flag("--include-stop", flags.include_stop, "keep the stop text")->group(group);
  command.add_flag("--ignore-eos", flags.ignore_eos, "go on behind the end")->group(group);
  add_llama_cpp_flags(command, flags);
}

tlite::SamplingParams sampling_params(const SamplingFlags& flags, const tlite::Model& model) {
  const bool own = !flags.preset || *flags.preset == "model";
  tlite::SamplingParams params =
      own ? model.default_sampling() : tlite::sampling_preset(*flags.preset);
  apply(params.temperature, flags.temperature);
  if (flags.greedy) params.temperature = 0;
  apply(params.top_p, flags.top_p);
  apply(params.top_k, flags.top_k);
  apply(params.min_p, flags.min_p);
  apply(params.repetition_penalty, flags.repetition_penalty);
  apply(params.presence_penalty, flags.presence_penalty);
  apply(params.frequency_penalty, flags.frequency_penalty);
  apply_llama_cpp_flags(flags, params);
  for (const std::string& text : flags.logit_bias) params.logit_bias.push_back(parse_bias(text));
  if (!flags.allowed_token_ids.empty()) params.allowed_token_ids = flags.allowed_token_ids;
  if (!flags.dry_sequence_breakers.empty()) {
    params.dry_sequence_breakers =
        openai::SequenceBreakers(model.tokenizer()).of(flags.dry_sequence_breakers);
  }
  apply(params.thinking_budget, flags.thinking_budget);
  apply(params.seed, flags.seed);
  apply(params.max_new_tokens, flags.max_new_tokens);
  apply(params.min_new_tokens, flags.min_new_tokens);
  params.stop.insert(params.stop.end(), flags.stop.begin(), flags.stop.end());
  params.stop_token_ids.insert(params.stop_token_ids.end(), flags.stop_token_ids.begin(),
                               flags.stop_token_ids.end());
  params.ignore_eos = params.ignore_eos || flags.ignore_eos;
  params.include_stop_in_output = params.include_stop_in_output || flags.include_stop;
  apply(params.logprobs, flags.logprobs);
  tlite::validate(params, static_cast<std::size_t>(model.info().config.vocab_size));
  return params;
}

}  // namespace cli

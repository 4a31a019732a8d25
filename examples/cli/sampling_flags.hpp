// Every field of SamplingParams as a flag. What is not given stays as the model or preset has it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <tlite/tlite.hpp>

namespace cli {

struct SamplingFlags {
  std::optional<std::string> preset;
  bool greedy = false;
  std::optional<float> temperature, top_p, min_p;
  std::optional<std::int32_t> top_k;
  std::optional<float> repetition_penalty, presence_penalty, frequency_penalty;
  std::optional<float> top_n_sigma, xtc_probability, xtc_threshold;
  std::optional<float> dry_multiplier, dry_base;
  std::optional<std::int32_t> dry_allowed_length, dry_penalty_last_n;
  std::optional<std::int32_t> mirostat;
  std::optional<float> mirostat_tau, mirostat_eta;
  std::optional<float> dynatemp_range, dynatemp_exponent;
  std::optional<float> adaptive_target, adaptive_decay;
  std::vector<std::string> dry_sequence_breakers;
  std::vector<std::int32_t> allowed_token_ids;
  std::optional<std::int32_t> thinking_budget;
  std::vector<std::string> logit_bias;  // ID=VALUE
  std::optional<std::uint64_t> seed;
  std::optional<std::int32_t> max_new_tokens, min_new_tokens;
  std::vector<std::string> stop;
  std::vector<std::int32_t> stop_token_ids;
  bool ignore_eos = false;
  bool include_stop = false;
  std::optional<std::int32_t> logprobs;
};

void add_sampling_flags(CLI::App& command, SamplingFlags& flags);

// Throws tlite::Error(invalid_argument) for what is out of range.
tlite::SamplingParams sampling_params(const SamplingFlags& flags, const tlite::Model& model);

}  // namespace cli

#include "sample/sampler.hpp"

#include "sample/exp.hpp"
#include "sample/top_k.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>

#include <tlite/error.hpp>

namespace tlite {

namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

// Extreme biases and penalties may overflow; the softmax needs a finite largest score.
float below_infinity(float score) noexcept {
  return std::min(score, std::numeric_limits<float>::max());
}

void check_numbers(std::span<const float> logits) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  unsigned bad = 0;
  for (const float logit : logits) bad |= static_cast<unsigned>(!(logit <= kLargest));
  if (bad == 0) return;
  const auto at =
      std::find_if(logits.begin(), logits.end(), [](float logit) { return !(logit <= kLargest); });
  throw Error(ErrorCode::corrupt, "the logit of token " + std::to_string(at - logits.begin()) +
                                      " is " + (std::isnan(*at) ? "NaN" : "infinite") +
                                      ": the model's weights are damaged");
}

void apply_mask(std::span<float> scores, std::span<const std::uint32_t> mask) {
  for (std::size_t begin = 0; begin < scores.size(); begin += 32) {
    const std::uint32_t word = begin / 32 < mask.size() ? mask[begin / 32] : 0;
    if (word == ~std::uint32_t{0}) continue;
    const std::size_t end = std::min(begin + 32, scores.size());
    for (std::size_t i = begin; i < end; ++i) {
      if ((word >> (i - begin) & 1U) == 0) scores[i] = kBanned;
    }
  }
}

// log of the sum of exp(logit), for `largest` the largest logit.
double log_sum_exp(std::span<const float> logits, float largest) {
  std::array<double, 8> lanes{};
  const double top = largest;
  std::size_t i = 0;
  for (; i + lanes.size() <= logits.size(); i += lanes.size()) {
    for (std::size_t j = 0; j < lanes.size(); ++j) {
      lanes[j] += exp_nonpositive(static_cast<double>(logits[i + j]) - top);
    }
  }
  for (; i < logits.size(); ++i) lanes[0] += exp_nonpositive(static_cast<double>(logits[i]) - top);
  double total = 0;
  for (const double lane : lanes) total += lane;
  return top + std::log(total);
}

}  // namespace

Sampler::Sampler(const SamplingParams& params, std::uint64_t seed, std::uint64_t drawn)
    : params_(params), rng_(seed, drawn) {}

void Sampler::observe_prompt(std::span<const TokenId> tokens) {
  if (params_.repetition_penalty == 1.0F) return;
  for (const TokenId token : tokens) counts_.add_prompt(token);
}

void Sampler::observe_output(TokenId token) { counts_.add_output(token); }

// Bias first, as in vLLM's sampler and transformers' processor list. Ids beyond the logits are
// ignored: a vocabulary may be larger than a model's output.
void Sampler::adjust(std::span<float> scores) const {
  for (const auto& [token, bias] : params_.logit_bias) {
    const auto i = static_cast<std::size_t>(token);
    if (i < scores.size()) scores[i] = below_infinity(scores[i] + bias);
  }
  const bool penalised = params_.repetition_penalty != 1.0F || params_.presence_penalty != 0.0F ||
                         params_.frequency_penalty != 0.0F;
  if (!penalised) return;
  counts_.for_each([&](const TokenCounts::Entry& entry) {
    const auto i = static_cast<std::size_t>(entry.token);
    if (i >= scores.size() || scores[i] == kBanned) return;
    float score = scores[i];
    score = score < 0.0F ? score * params_.repetition_penalty : score / params_.repetition_penalty;
    if (entry.output > 0) {
      score -= params_.frequency_penalty * static_cast<float>(entry.output);
      score -= params_.presence_penalty;
    }
    scores[i] = below_infinity(score);
  });
}

TokenId Sampler::choose(SamplerWorkspace& workspace) {
  const std::span<const float> scores = workspace.scores;
  const float largest = chunk_maxima(scores, workspace.maxima);
  if (largest == kBanned) {
    throw Error(ErrorCode::invalid_argument,
                "no token is left to choose: logit_bias, min_new_tokens and the mask exclude all " +
                    std::to_string(scores.size()));
  }
  if (params_.temperature == 0.0F) {
    return static_cast<TokenId>(first_largest(scores, workspace.maxima));
  }
  Candidates& candidates = workspace.candidates;
  if (params_.top_k > 0) {
    candidates.assign_top_k(scores, workspace.maxima, largest, params_.temperature,
                            static_cast<std::size_t>(params_.top_k));
  } else {
    candidates.assign(scores, largest, params_.temperature);
  }
  if (params_.top_p < 1.0F) candidates.top_p(params_.top_p);
  if (params_.min_p > 0.0F) candidates.min_p(params_.min_p);
  return candidates.draw(rng_.next_unit());
}

// Rank 1 is the likeliest; equal logits rank by id, as a greedy choice would take them.
TokenLogprob Sampler::logprob_of(TokenId token, std::span<const float> logits) const {
  const auto at = static_cast<std::size_t>(token);
  const float own = logits[at];
  std::int32_t rank = 1;
  for (const float logit : logits) rank += logit > own ? 1 : 0;
  for (const float logit : logits.first(at)) rank += logit == own ? 1 : 0;
  return {token, static_cast<float>(static_cast<double>(own) - log_total_), rank};
}

void Sampler::rank_likeliest(std::span<const float> logits, SamplerWorkspace& workspace) {
  const float largest = chunk_maxima(logits, workspace.maxima);
  log_total_ = log_sum_exp(logits, largest);
  top_.clear();
  if (params_.logprobs <= 0) return;
  const auto count = std::min(static_cast<std::size_t>(params_.logprobs), logits.size());
  const float threshold = kth_largest(logits, workspace.maxima, count, workspace.scratch);
  for_each_at_least(logits, workspace.maxima, threshold, [&](std::size_t token, float logit) {
    const double logprob = static_cast<double>(logit) - log_total_;
    top_.push_back({static_cast<TokenId>(token), static_cast<float>(logprob), 0});
  });
  std::stable_sort(top_.begin(), top_.end(), [&](const TokenLogprob& a, const TokenLogprob& b) {
    return logits[static_cast<std::size_t>(a.token)] > logits[static_cast<std::size_t>(b.token)];
  });
  top_.resize(count);
  for (std::size_t i = 0; i < count; ++i) top_[i].rank = static_cast<std::int32_t>(i + 1);
}

SampledToken Sampler::sample(std::span<const float> logits, SamplerWorkspace& workspace,
                             std::span<const TokenId> banned, std::span<const std::uint32_t> mask) {
  check_numbers(logits);
  workspace.scores.assign(logits.begin(), logits.end());
  adjust(workspace.scores);
  for (const TokenId token : banned) {
    const auto i = static_cast<std::size_t>(token);
    if (i < workspace.scores.size()) workspace.scores[i] = kBanned;
  }
  if (!mask.empty()) apply_mask(workspace.scores, mask);
  SampledToken result;
  result.token = choose(workspace);
  if (params_.logprobs >= 0) {
    rank_likeliest(logits, workspace);
    result.logprob = logprob_of(result.token, logits);
    result.top_logprobs = top_;
  }
  return result;
}

}  // namespace tlite

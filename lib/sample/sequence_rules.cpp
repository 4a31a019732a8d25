#include "sample/sequence_rules.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace tlite {
namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

// The score of a token, or null for an id beyond the scores.
float* score_of(std::span<float> scores, TokenId token) noexcept {
  const auto i = static_cast<std::size_t>(token);
  return i < scores.size() ? &scores[i] : nullptr;
}

// Whether the last token of `sequence` would make it complete.
bool is_due(std::span<const TokenId> tokens, std::span<const TokenId> sequence) {
  if (sequence.empty()) return false;
  const std::span<const TokenId> before = sequence.first(sequence.size() - 1);
  if (before.size() > tokens.size()) return false;
  return std::equal(before.begin(), before.end(), tokens.last(before.size()).begin());
}

}  // namespace

void ban(std::span<float> scores, std::span<const TokenId> tokens) noexcept {
  for (const TokenId token : tokens) {
    if (float* const score = score_of(scores, token)) *score = kBanned;
  }
}

void ban_others(std::span<float> scores, std::span<const TokenId> allowed,
                std::vector<float>& scratch) {
  scratch.clear();
  for (const TokenId token : allowed) {
    const float* const score = score_of(scores, token);
    scratch.push_back(score == nullptr ? kBanned : *score);
  }
  std::fill(scores.begin(), scores.end(), kBanned);
  for (std::size_t i = 0; i < allowed.size(); ++i) {
    if (float* const score = score_of(scores, allowed[i])) *score = scratch[i];
  }
}

void bias_sequences(std::span<float> scores, std::span<const TokenId> tokens,
                    std::span<const std::pair<std::vector<TokenId>, float>> sequences) {
  for (const auto& [sequence, bias] : sequences) {
    if (!is_due(tokens, sequence)) continue;
    float* const score = score_of(scores, sequence.back());
    if (score != nullptr) *score = std::min(*score + bias, std::numeric_limits<float>::max());
  }
}

void ban_sequences(std::span<float> scores, std::span<const TokenId> tokens,
                   std::span<const std::vector<TokenId>> sequences,
                   std::span<const TokenId> end_tokens) {
  for (const std::vector<TokenId>& sequence : sequences) {
    if (!is_due(tokens, sequence)) continue;
    const bool ends =
        std::find(end_tokens.begin(), end_tokens.end(), sequence.back()) != end_tokens.end();
    if (sequence.size() > 1 || !ends) ban(scores, {&sequence.back(), 1});
  }
}

void ban_repeated_ngrams(std::span<float> scores, std::span<const TokenId> tokens,
                         std::size_t size) {
  if (tokens.size() + 1 < size) return;
  const std::span<const TokenId> prefix = tokens.last(size - 1);
  for (std::size_t at = 0; at + size <= tokens.size(); ++at) {
    if (std::equal(prefix.begin(), prefix.end(),
                   tokens.begin() + static_cast<std::ptrdiff_t>(at))) {
      ban(scores, tokens.subspan(at + size - 1, 1));
    }
  }
}

void force(std::span<float> scores, std::span<const TokenId> tokens) noexcept {
  std::fill(scores.begin(), scores.end(), kBanned);
  for (const TokenId token : tokens) {
    if (float* const score = score_of(scores, token)) *score = 0.0F;
  }
}

void decay_length(std::span<float> scores, std::span<const TokenId> end_tokens, float factor,
                  std::size_t steps) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  // Finite, for a score of 0 times infinity would be no number.
  const double growth =
      std::min(std::pow(static_cast<double>(factor), static_cast<double>(steps)) - 1.0, kLargest);
  for (const TokenId token : end_tokens) {
    float* const score = score_of(scores, token);
    if (score == nullptr || *score == kBanned) continue;
    const double value = static_cast<double>(*score);
    *score = static_cast<float>(std::clamp(value + std::abs(value) * growth, -kLargest, kLargest));
  }
}

}  // namespace tlite

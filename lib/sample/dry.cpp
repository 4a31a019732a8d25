#include "sample/dry.hpp"

#include "sample/room.hpp"

#include <algorithm>
#include <limits>

namespace tlite {

namespace {

constexpr float kBanned = -std::numeric_limits<float>::infinity();

using Breakers = std::span<const std::vector<TokenId>>;

// Of breakers in ascending order: those that begin with a token. A text has thousands of them, all
// tokens with a line feed in them for one.
Breakers beginning_with(Breakers breakers, TokenId token) {
  struct ByFirst {
    bool operator()(const std::vector<TokenId>& a, TokenId b) const { return a[0] < b; }
    bool operator()(TokenId a, const std::vector<TokenId>& b) const { return a < b[0]; }
  };
  const auto [begin, end] = std::equal_range(breakers.begin(), breakers.end(), token, ByFirst());
  return {begin, end};
}

bool starts_with(std::span<const TokenId> tokens, const std::vector<TokenId>& breaker) {
  return breaker.size() <= tokens.size() &&
         std::equal(breaker.begin(), breaker.end(), tokens.begin());
}

// How many tokens stand behind the last breaker: no repetition reaches over it. Of breakers that
// start at the same token the longest counts.
std::size_t behind_breaker(std::span<const TokenId> tokens, Breakers breakers) {
  for (std::size_t behind = 1; behind <= tokens.size(); ++behind) {
    const std::span<const TokenId> tail = tokens.last(behind);
    std::size_t longest = 0;
    for (const std::vector<TokenId>& breaker : beginning_with(breakers, tail[0])) {
      if (starts_with(tail, breaker)) longest = std::max(longest, breaker.size());
    }
    if (longest > 0) return behind - longest;
  }
  return tokens.size();
}

// repeats[k] = for how many tokens the sequence, read backwards, equals itself k tokens before its
// end. The Z algorithm: linear, for what is known of an earlier match is not compared again
// (Gusfield, Algorithms on Strings, Trees and Sequences, 1.4). `repeats` has the room: assign by
// itself takes no more than it needs, and so would ask for memory at each token of an answer.
void match_backwards(std::span<const TokenId> tokens, std::vector<std::size_t>& repeats) {
  const std::size_t size = tokens.size();
  const auto back = [&](std::size_t i) { return tokens[size - 1 - i]; };
  repeats.assign(size, 0);
  std::size_t begin = 0;
  std::size_t end = 0;  // [begin, end) is the match that reaches farthest
  for (std::size_t k = 1; k < size; ++k) {
    std::size_t length = k < end ? std::min(repeats[k - begin], end - k) : 0;
    while (k + length < size && back(length) == back(k + length)) ++length;
    repeats[k] = length;
    if (k + length > end) {
      begin = k;
      end = k + length;
    }
  }
}

bool is_breaker(TokenId token, Breakers breakers) {
  const Breakers some = beginning_with(breakers, token);
  return !some.empty() && some[0].size() == 1;
}

// By squaring, for the result is the same with any libm.
double power(double base, std::size_t exponent) noexcept {
  double result = 1;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) result *= base;
  }
  return result;
}

}  // namespace

void penalise_repetition(std::span<float> scores, std::span<const TokenId> tokens,
                         const SamplingParams& params, DryScratch& scratch) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  const auto allowed = static_cast<std::size_t>(params.dry_allowed_length);
  if (params.dry_penalty_last_n >= 0) {
    const auto most = static_cast<std::size_t>(params.dry_penalty_last_n);
    tokens = tokens.last(std::min(most, tokens.size()));
  }
  if (scratch.repeats.capacity() < tokens.size()) {
    scratch.repeats.reserve(tokens.size() + kAnswerRoom);
    scratch.next.reserve(tokens.size() + kAnswerRoom);
  }
  if (tokens.size() <= allowed) return;
  const std::size_t limit = behind_breaker(tokens, params.dry_sequence_breakers);
  if (limit < allowed) return;
  match_backwards(tokens, scratch.repeats);
  scratch.next.clear();
  for (std::size_t k = 1; k < tokens.size(); ++k) {
    const std::size_t length = std::min(scratch.repeats[k], limit);
    if (length >= allowed) scratch.next.emplace_back(tokens[tokens.size() - k], length);
  }
  std::sort(scratch.next.begin(), scratch.next.end());
  for (std::size_t i = 0; i < scratch.next.size(); ++i) {
    const auto& [token, length] = scratch.next[i];
    // The longest repetition that a token would go on with is the last of its entries.
    if (i + 1 < scratch.next.size() && scratch.next[i + 1].first == token) continue;
    const auto at = static_cast<std::size_t>(token);
    if (at >= scores.size() || scores[at] == kBanned) continue;
    if (is_breaker(token, params.dry_sequence_breakers)) continue;
    const double growth = power(static_cast<double>(params.dry_base), length - allowed);
    const double score = static_cast<double>(scores[at]) -
                         static_cast<double>(params.dry_multiplier) * std::min(growth, kLargest);
    scores[at] = static_cast<float>(std::max(score, -kLargest));
  }
}

}  // namespace tlite

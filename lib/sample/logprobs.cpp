#include "sample/logprobs.hpp"

#include "sample/exp.hpp"
#include "sample/top_k.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace tlite {
namespace {

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

void Logprobs::assign(std::span<const float> logits, std::size_t count, LogprobScratch& scratch) {
  const float largest = chunk_maxima(logits, scratch.maxima);
  log_total_ = log_sum_exp(logits, largest);
  likeliest_.clear();
  count = std::min(count, logits.size());
  if (count == 0) return;
  const float threshold = kth_largest(logits, scratch.maxima, count, scratch.values);
  for_each_at_least(logits, scratch.maxima, threshold, [&](std::size_t token, float logit) {
    const double logprob = static_cast<double>(logit) - log_total_;
    likeliest_.push_back({static_cast<TokenId>(token), static_cast<float>(logprob), 0});
  });
  std::stable_sort(likeliest_.begin(), likeliest_.end(),
                   [&](const TokenLogprob& a, const TokenLogprob& b) {
                     return logits[static_cast<std::size_t>(a.token)] >
                            logits[static_cast<std::size_t>(b.token)];
                   });
  likeliest_.resize(count);
  for (std::size_t i = 0; i < count; ++i) likeliest_[i].rank = static_cast<std::int32_t>(i + 1);
}

TokenLogprob Logprobs::of(TokenId token, std::span<const float> logits) const {
  const auto at = static_cast<std::size_t>(token);
  const float own = logits[at];
  std::int32_t rank = 1;
  for (const float logit : logits) rank += logit > own ? 1 : 0;
  for (const float logit : logits.first(at)) rank += logit == own ? 1 : 0;
  return {token, static_cast<float>(static_cast<double>(own) - log_total_), rank};
}

}  // namespace tlite

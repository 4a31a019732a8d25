#include "sample/logprobs.hpp"

#include "sample/top_k.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace tlite {
void Logprobs::assign(std::span<const float> logits, std::size_t count, LogprobScratch& scratch) {
  const float largest = chunk_maxima(logits, scratch.maxima, *scratch.ops);
  log_total_ = static_cast<double>(largest) +
               std::log(scratch.ops->sum_exp(logits.data(), logits.size(), largest));
  likeliest_.clear();
  count = std::min(count, logits.size());
  if (count == 0) return;
  const float threshold = kth_largest(logits, scratch.maxima, count, scratch.values);
  for_each_at_least(logits, scratch.maxima, threshold, [&](std::size_t token, float logit) {
    const double logprob = static_cast<double>(logit) - log_total_;
    likeliest_.push_back({static_cast<TokenId>(token), static_cast<float>(logprob), 0});
  });
  // By id where they are equal. (A stable sort would say the same by itself, and ask for memory.)
  std::sort(likeliest_.begin(), likeliest_.end(),
            [&](const TokenLogprob& a, const TokenLogprob& b) {
              const float first = logits[static_cast<std::size_t>(a.token)];
              const float second = logits[static_cast<std::size_t>(b.token)];
              return first != second ? first > second : a.token < b.token;
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

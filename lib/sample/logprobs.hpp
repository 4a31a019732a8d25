// Log probabilities by one row of logits: raw, before any rule or filter of a sampler.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include <tlite/sampling.hpp>

namespace tlite {

// What looking at a row takes beside the row; grows with the first one and not again.
struct LogprobScratch {
  std::vector<float> maxima;  // of chunks, see top_k.hpp
  std::vector<float> values;
};

class Logprobs {
 public:
  // Looks at a row, and at its `count` likeliest tokens; fewer where it has no more. No NaN.
  void assign(std::span<const float> logits, std::size_t count, LogprobScratch& scratch);

  // Of a token by the same row. Rank 1 is the likeliest; equal logits rank by id, as a greedy
  // choice would take them.
  TokenLogprob of(TokenId token, std::span<const float> logits) const;
  // In the order of their ranks.
  std::span<const TokenLogprob> likeliest() const noexcept { return likeliest_; }

 private:
  double log_total_ = 0;  // logarithm of the distribution's sum
  std::vector<TokenLogprob> likeliest_;
};

}  // namespace tlite

// The tokens that may still be drawn, with their weights: what the filters narrow.
//
// Weights are exp((score - largest) / temperature) in double, so the likeliest has exactly 1 and
// no filter needs them normalised. The likeliest stays through all of them. Tokens stand in
// ascending order of id through all filters: a draw depends on nothing but the scores and the
// random number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

class Candidates {
 public:
  // All scores, or those of the k largest and what ties with the last of them (0 < k).
  // Temperature > 0; `maxima` are the scores' chunk maxima.
  void assign(std::span<const float> scores, float largest, float temperature);
  void assign_top_k(std::span<const float> scores, std::span<const float> maxima, float largest,
                    float temperature, std::size_t k);

  // Keeps the smallest set whose share of the weight reaches p, the token that crosses it included
  // (0 < p < 1). Among equal weights the lowest ids stay.
  void top_p(double p);
  // Keeps what has at least `ratio` of the largest weight.
  void min_p(double ratio);

  // Token at `unit` in [0, 1) of the summed weight.
  TokenId draw(double unit);

  std::span<const TokenId> tokens() const noexcept { return tokens_; }
  std::span<const double> weights() const noexcept { return weights_; }

 private:
  template <class Keep>
  void retain(Keep&& keep);
  double sum_blocks();

  std::vector<TokenId> tokens_;
  std::vector<double> weights_;  // parallel to tokens_
  std::vector<float> scratch_;
  std::vector<double> heavy_;    // top_p: weights that can be in the set
  std::vector<double> buckets_;  // top_p: sums of weights of like magnitude
  std::vector<double> inside_;   // top_p: the weights of the bucket that crosses p
  std::vector<double> blocks_;   // draw: sums of neighbouring weights
};

}  // namespace tlite

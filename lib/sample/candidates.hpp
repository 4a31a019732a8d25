// The tokens that may still be drawn, with their weights: what the filters narrow.
//
// Weights are exp((score - largest) / temperature) in double, so the likeliest has exactly 1 and
// few filters need them normalised. The likeliest stays up to min_p. Tokens stand in
// ascending order of id through all filters: a draw depends on nothing but the scores and the
// random number.
#pragma once

#include "kernels/ops.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

class Candidates {
 public:
  explicit Candidates(const KernelOps& ops = kernel_ops(CpuTier::scalar)) : ops_(&ops) {}

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

  // Keeps the tokens whose surprise is nearest to the expected one until their share reaches
  // `mass`, the one that crosses it and what ties with it included (0 < mass < 1). The likeliest
  // may go. Meister et al., Locally Typical Sampling, arXiv:2202.00666.
  void typical(double mass);
  // Keeps what has at least the share `epsilon`, and the likeliest. Hewitt et al., Truncation
  // Sampling as Language Model Desmoothing, arXiv:2210.15191; and their eta sampling, whose bound
  // is sqrt(epsilon) * exp(-entropy) where that is less.
  void epsilon(double epsilon);
  void eta(double epsilon);

  // What other samplers are made of. total: of the weights. mean_log: of the weights' natural
  // logarithms, each counted by its weight; the entropy is ln(total) - mean_log.
  double total() { return sum_blocks(); }
  double mean_log(double total) const;
  // Keeps what keep(weight) says yes to, and the likeliest `count` of what there is.
  template <class Keep>
  void retain(Keep&& keep) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const double weight = weights_[i];
      tokens_[kept] = tokens_[i];
      weights_[kept] = weight;
      kept += static_cast<std::size_t>(keep(weight));
    }
    tokens_.resize(kept);
    weights_.resize(kept);
  }
  void keep_likeliest(std::size_t count);
  // To the power of 1 / temperature; the largest becomes 1. temperature > 0.
  void temper(double temperature);
  // The likeliest keeps a weight above 0.
  template <class Change>
  void reweight(Change&& change) {
    for (double& weight : weights_) weight = change(weight);
  }

  // Token at `unit` in [0, 1) of the summed weight.
  TokenId draw(double unit);

  // Where a token that is there stands.
  std::size_t index_of(TokenId token) const noexcept {
    const auto at = std::lower_bound(tokens_.begin(), tokens_.end(), token);
    return static_cast<std::size_t>(at - tokens_.begin());
  }
  std::span<const TokenId> tokens() const noexcept { return tokens_; }
  std::span<const double> weights() const noexcept { return weights_; }

 private:
  const KernelOps* ops_;
  double sum_blocks();
  // Of buckets_ in their order, the one whose sum reaches a target, which is at most all of them.
  struct Crossing {
    std::size_t bucket;
    double target;
    double before;  // the sum of those before it
  };
  Crossing crossing_bucket(double target) const noexcept;
  void keep_share(double share, double total);

  std::vector<TokenId> tokens_;
  std::vector<double> weights_;  // parallel to tokens_
  std::vector<float> scratch_;
  std::vector<double> heavy_;                    // top_p: weights that can be in the set
  std::vector<double> buckets_;                  // top_p, typical: sums of weights of like size
  std::vector<double> inside_;                   // top_p: the weights of the bucket that crosses p
  std::vector<double> blocks_;                   // draw: sums of neighbouring weights
  std::vector<double> nearness_;                 // typical: of each token
  std::vector<std::pair<double, double>> near_;  // typical: nearness and weight of such a bucket
};

}  // namespace tlite

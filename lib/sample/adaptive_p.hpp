// Adaptive-p: draws tokens near a target probability, and moves the target so that the average
// probability of what was chosen comes to it. llama.cpp,
// https://github.com/ggml-org/llama.cpp/pull/17927.
#pragma once

#include "sample/candidates.hpp"

#include <vector>

#include <tlite/tokenizer.hpp>

namespace tlite {

class AdaptiveP {
 public:
  // target in [0, 1]; decay in [0, 1): the average is over about 1 / (1 - decay) tokens.
  AdaptiveP(double target, double decay);

  // Gives the candidates other weights. `shares` gets what they had, for observe.
  void apply(Candidates& candidates, std::vector<double>& shares) const;
  // `share`: what the chosen token had before.
  void observe(double share) noexcept;

 private:
  double target_;
  double decay_;
  double sum_;     // of decay^i * share of the i-th last token
  double weight_;  // of decay^i
};

}  // namespace tlite

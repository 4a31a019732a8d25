// Mirostat: truncates so that the surprise of what is chosen, -log2 of its probability, stays near
// tau. Basu et al., Mirostat: A Neural Text Decoding Algorithm that Directly Controls Perplexity,
// arXiv:2007.14966. Version 1 estimates the Zipf exponent of the 100 likeliest tokens and keeps as
// many as it calls for; version 2 keeps what surprises by at most mu.
#pragma once

#include "sample/candidates.hpp"

#include <cstddef>

namespace tlite {

class Mirostat {
 public:
  // version 1 or 2; tau and eta >= 0.
  Mirostat(int version, double tau, double eta)
      : version_(version), tau_(tau), eta_(eta), mu_(2 * tau) {}

  void truncate(Candidates& candidates, std::size_t vocabulary_size) const;
  // `share`: of the chosen token, among what was left.
  void observe(double share) noexcept;

  double mu() const noexcept { return mu_; }

 private:
  std::size_t likeliest_to_keep(const Candidates& candidates, std::size_t vocabulary_size) const;

  int version_;
  double tau_;
  double eta_;
  double mu_;  // the bound, moved against the error of each token
};

}  // namespace tlite

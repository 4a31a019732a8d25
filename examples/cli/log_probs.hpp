// Log probabilities of a vocabulary, and the 16-bit form in which llama.cpp's perplexity program
// keeps those of a base model (tools/perplexity, --kl-divergence-base).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli {

// log(sum(exp(logits))), so that logit - log_sum_exp is a log probability.
double log_sum_exp(std::span<const float> logits);

// A row of codes: the log probability of token i is minimum + scale * codes[i]. All that lie more
// than 16 below the largest are rounded up to that.
struct CodedRow {
  float scale = 0.0F;
  float minimum = 0.0F;
  std::vector<std::uint16_t> codes;

  double log_prob(std::size_t i) const {
    return static_cast<double>(minimum) + static_cast<double>(scale) * codes[i];
  }
};

void encode_row(std::span<const float> logits, CodedRow& row);

// What a row of logits says about the next token beside what the base says.
struct RowComparison {
  double nll = 0.0;            // negative log likelihood of the token that came
  double base_nll = 0.0;       // the base's
  double kl_divergence = 0.0;  // of the base from the logits, in nats
  bool same_top = false;       // the most likely token of both is the same
};

// By llama.cpp's definitions: tokens to which the base gives a log probability of -16 or less do
// not count, and of equally likely tokens the first is the top.
RowComparison compare_row(const CodedRow& base, std::span<const float> logits, tlite::TokenId next);

}  // namespace cli

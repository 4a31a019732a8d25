#include "log_probs.hpp"

#include <algorithm>
#include <cmath>

namespace cli {
namespace {

constexpr float kRange = 16.0F;
constexpr float kLargestCode = 65535.0F;

}  // namespace

double log_sum_exp(std::span<const float> logits) {
  const double largest = *std::max_element(logits.begin(), logits.end());
  double sum = 0.0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - largest);
  return largest + std::log(sum);
}

void encode_row(std::span<const float> logits, CodedRow& row) {
  const auto [low, high] = std::minmax_element(logits.begin(), logits.end());
  const float minimum = std::max(*low, *high - kRange);
  row.scale = (*high - minimum) / kLargestCode;
  row.minimum = static_cast<float>(minimum - log_sum_exp(logits));
  row.codes.assign(logits.size(), 0);
  if (row.scale == 0.0F) return;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const float steps = std::nearbyint((logits[i] - minimum) / row.scale);
    row.codes[i] = static_cast<std::uint16_t>(std::clamp(steps, 0.0F, kLargestCode));
  }
}

RowComparison compare_row(const CodedRow& base, std::span<const float> logits,
                          tlite::TokenId next) {
  const double normalizer = log_sum_exp(logits);
  const auto token = static_cast<std::size_t>(next);
  RowComparison row;
  row.nll = normalizer - static_cast<double>(logits[token]);
  row.base_nll = -base.log_prob(token);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double base_log_prob = base.log_prob(i);
    if (base_log_prob <= -static_cast<double>(kRange)) continue;
    const double log_prob = static_cast<double>(logits[i]) - normalizer;
    row.kl_divergence += std::exp(base_log_prob) * (base_log_prob - log_prob);
  }
  const auto top = std::max_element(logits.begin(), logits.end()) - logits.begin();
  const auto base_top = std::max_element(base.codes.begin(), base.codes.end()) - base.codes.begin();
  row.same_top = top == base_top;
  return row;
}

}  // namespace cli

#include "sample/candidates.hpp"

#include "kernels/exp.hpp"
#include "kernels/log.hpp"
#include "sample/top_k.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

namespace tlite {

namespace {

constexpr std::size_t kBlock = 256;

// Eight running sums, merged in a fixed order.
double sum_lanes(std::span<const double> values) noexcept {
  std::array<double, 8> lanes{};
  std::size_t i = 0;
  for (; i + lanes.size() <= values.size(); i += lanes.size()) {
    for (std::size_t j = 0; j < lanes.size(); ++j) lanes[j] += values[i + j];
  }
  for (; i < values.size(); ++i) lanes[0] += values[i];
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// Weights fall into buckets by magnitude, 32 an octave, heavier ones first; what is below 2^-64 of
// the heaviest shares the last.
constexpr std::size_t kBuckets = std::size_t{64} * 32;

std::size_t bucket(double weight) noexcept {
  constexpr int kShift = 52 - 5;
  constexpr std::uint64_t kOne = std::bit_cast<std::uint64_t>(1.0);
  const std::uint64_t below = (kOne - std::bit_cast<std::uint64_t>(weight)) >> kShift;
  return std::min<std::uint64_t>(below, kBuckets - 1);
}

// Copies the weights that `keep` says yes to and counts them. Writes each and steps on after those:
// a branch would be mispredicted for every other one. `to` may hold as many as `from`.
template <class Keep>
std::size_t compact(std::span<const double> from, std::span<double> to, Keep&& keep) {
  std::size_t kept = 0;
  for (const double weight : from) {
    to[kept] = weight;
    kept += static_cast<std::size_t>(keep(weight));
  }
  return kept;
}

// The weight at which the descending sum of `weights`, on top of `before`, reaches `target`. Halves
// the range around its median until it is small enough to sort: linear in all.
double crossing_weight(std::span<double> weights, double before, double target) {
  while (weights.size() > 64) {
    const std::size_t half = weights.size() / 2;
    std::nth_element(weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(half),
                     weights.end(), std::greater<>());
    const double upper = sum_lanes(weights.first(half));
    if (before + upper >= target) {
      weights = weights.first(half);
    } else {
      before += upper;
      weights = weights.subspan(half);
    }
  }
  std::sort(weights.begin(), weights.end(), std::greater<>());
  for (const double weight : weights) {
    before += weight;
    if (before >= target) return weight;
  }
  return weights.back();
}

}  // namespace

void Candidates::assign(std::span<const float> scores, float largest, float temperature) {
  tokens_.resize(scores.size());
  std::iota(tokens_.begin(), tokens_.end(), 0);
  weights_.resize(scores.size());
  ops_->weigh(scores.data(), scores.size(), largest, 1.0 / static_cast<double>(temperature),
              weights_.data());
}

void Candidates::assign_top_k(std::span<const float> scores, std::span<const float> maxima,
                              float largest, float temperature, std::size_t k) {
  constexpr float kLowest = std::numeric_limits<float>::lowest();  // -infinity is never a candidate
  const float threshold =
      k < scores.size() ? std::max(kth_largest(scores, maxima, k, scratch_), kLowest) : kLowest;
  tokens_.clear();
  weights_.clear();
  // Twice as many, for ties: how many there are differs from token to token.
  const std::size_t most = std::min(scores.size(), 2 * std::min(k, scores.size()));
  tokens_.reserve(most);
  weights_.reserve(most);
  const double inverse = 1.0 / static_cast<double>(temperature);
  for_each_at_least(scores, maxima, threshold, [&](std::size_t token, float score) {
    tokens_.push_back(static_cast<TokenId>(token));
    weights_.push_back(
        exp_nonpositive((static_cast<double>(score) - static_cast<double>(largest)) * inverse));
  });
}

double Candidates::sum_blocks() {
  blocks_.clear();
  blocks_.reserve(weights_.capacity() / kBlock + 1);  // all that a later token may need
  const std::span<const double> weights = weights_;
  for (std::size_t begin = 0; begin < weights.size(); begin += kBlock) {
    blocks_.push_back(sum_lanes(weights.subspan(begin, std::min(kBlock, weights.size() - begin))));
  }
  return sum_lanes(blocks_);
}

Candidates::Crossing Candidates::crossing_bucket(double target) const noexcept {
  double reach = 0;  // rounding must not carry the target past it
  for (const double sum : buckets_) reach += sum;
  Crossing crossing{0, std::min(target, reach), 0.0};
  while (crossing.before + buckets_[crossing.bucket] < crossing.target) {
    crossing.before += buckets_[crossing.bucket++];
  }
  return crossing;
}

void Candidates::top_p(double p) {
  // The crossing token and what is lighter weigh more than (1 - p) in all, and they are at most
  // all tokens: a weight below the average of that is never in the set.
  const double total = sum_blocks();
  const double bound = (1.0 - p) * total / static_cast<double>(weights_.size()) * (1.0 - 1e-9);
  heavy_.resize(weights_.size());
  heavy_.resize(compact(weights_, heavy_, [&](double weight) { return weight >= bound; }));

  buckets_.assign(kBuckets, 0.0);
  for (const double weight : heavy_) buckets_[bucket(weight)] += weight;
  // No structured binding: Clang 14 lets no lambda capture one.
  const Crossing where = crossing_bucket(p * total);
  const double target = where.target;
  double heavier = where.before;
  inside_.reserve(weights_.capacity());  // all that a later token may need
  inside_.resize(heavy_.size());
  inside_.resize(
      compact(heavy_, inside_, [&](double weight) { return bucket(weight) == where.bucket; }));

  const double crossing = crossing_weight(inside_, heavier, target);
  for (const double weight : inside_) heavier += weight > crossing ? weight : 0.0;
  bool first = true;  // of the tokens at the crossing weight: in the set whatever rounding says
  retain([&](double weight) {
    if (weight != crossing) return weight > crossing;
    if (!first && heavier >= target) return false;
    first = false;
    heavier += weight;
    return true;
  });
}

void Candidates::min_p(double ratio) {
  retain([ratio](double weight) { return weight >= ratio; });
}

double Candidates::mean_log(double total) const {
  return ops_->sum_weight_log(weights_.data(), weights_.size()) / total;
}

void Candidates::temper(double temperature) {
  const double top = *std::max_element(weights_.begin(), weights_.end());
  ops_->temper(weights_.data(), weights_.size(), log_positive(top), temperature);
}

// A token's surprise is ln(total / weight), the expected one is that of the weight exp(mean_log):
// how near the two are is how near the smaller weight is to the larger one, as a ratio up to 1. The
// set is found like top_p's, with the ratios in place of the weights.
void Candidates::typical(double mass) {
  const double total = sum_blocks();
  const double expected = exp_nonpositive(std::min(mean_log(total), 0.0));
  nearness_.resize(weights_.size());
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    nearness_[i] = std::min(weights_[i], expected) / std::max(weights_[i], expected);
  }
  buckets_.assign(kBuckets, 0.0);
  for (std::size_t i = 0; i < weights_.size(); ++i) buckets_[bucket(nearness_[i])] += weights_[i];
  const auto [crossed, target, before] = crossing_bucket(mass * total);
  double nearer = before;
  near_.clear();
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if (bucket(nearness_[i]) == crossed) near_.emplace_back(nearness_[i], weights_[i]);
  }
  std::sort(near_.begin(), near_.end(), std::greater<>());
  std::size_t last = 0;
  for (; last + 1 < near_.size(); ++last) {
    nearer += near_[last].second;
    if (nearer >= target) break;
  }
  const double limit = near_[last].first;
  std::size_t at = 0;
  retain([&](double weight) {  // both are looked at, for a branch would be mispredicted
    return (static_cast<unsigned>(nearness_[at++] >= limit) & static_cast<unsigned>(weight > 0)) !=
           0;
  });
}

void Candidates::keep_share(double share, double total) {
  const double largest = *std::max_element(weights_.begin(), weights_.end());
  retain([&](double weight) { return weight >= share * total || weight == largest; });
}

void Candidates::keep_likeliest(std::size_t count) {
  if (count >= weights_.size()) return;
  heavy_ = weights_;
  const auto at = heavy_.begin() + static_cast<std::ptrdiff_t>(count - 1);
  std::nth_element(heavy_.begin(), at, heavy_.end(), std::greater<>());
  const double smallest = *at;
  for (const double weight : weights_) count -= weight > smallest ? 1U : 0U;
  retain([&](double weight) {  // of what is equal, the lowest ids
    if (weight != smallest) return weight > smallest;
    return count > 0 && count-- > 0;
  });
}

void Candidates::epsilon(double epsilon) { keep_share(epsilon, sum_blocks()); }

void Candidates::eta(double epsilon) {
  const double total = sum_blocks();
  keep_share(std::min(epsilon, std::sqrt(epsilon) * exp_nonpositive(mean_log(total)) / total),
             total);
}

TokenId Candidates::draw(double unit) {
  double rest = unit * sum_blocks();
  std::size_t block = 0;
  while (block + 1 < blocks_.size() && rest >= blocks_[block]) rest -= blocks_[block++];
  const std::size_t end = std::min((block + 1) * kBlock, weights_.size());
  for (std::size_t i = block * kBlock; i < end; ++i) {
    if (rest < weights_[i]) return tokens_[i];
    rest -= weights_[i];
  }
  // Rounding carried `rest` past the last weight: it is the last token that has any.
  std::size_t last = end - 1;
  while (!(weights_[last] > 0)) --last;
  return tokens_[last];
}

}  // namespace tlite

// What a sampler does to all scores of a token, in double. Plain loops that the compiler turns into
// the tier's vectors: nothing is fused (-ffp-contract=off) and sums run in eight lanes, so that
// each tier gives the same bits. V only keeps what is compiled for one tier out of the others.
#pragma once

#include "kernels/exp.hpp"
#include "kernels/log.hpp"
#include "kernels/ops.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace tlite::generic {

// Calls add(lane, i) for lane = i mod 8, the rest past the last eight in lane 0.
template <class Add>
inline void by_lanes(std::size_t size, Add add) noexcept {
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) add(lane, i + lane);
  }
  for (; i < size; ++i) add(0, i);
}

// The larger one of each pair, in loops of a fixed length that become single instructions.
template <class V, std::size_t kWidth>
inline void halve(float* lanes) noexcept {
  for (std::size_t i = 0; i < kWidth; ++i) {
    lanes[i] = lanes[i + kWidth] > lanes[i] ? lanes[i + kWidth] : lanes[i];
  }
}

template <class V>
inline float largest_of_chunk(const float* scores) noexcept {
  float lanes[kScoreChunk];
  for (std::size_t i = 0; i < kScoreChunk; ++i) lanes[i] = scores[i];
  halve<V, 32>(lanes);
  halve<V, 16>(lanes);
  halve<V, 8>(lanes);
  halve<V, 4>(lanes);
  halve<V, 2>(lanes);
  halve<V, 1>(lanes);
  return lanes[0];
}

template <class V>
void chunk_maxima(const float* scores, std::size_t size, float* maxima) noexcept {
  for (; size >= kScoreChunk; scores += kScoreChunk, size -= kScoreChunk) {
    *maxima++ = largest_of_chunk<V>(scores);
  }
  if (size == 0) return;
  float largest = scores[0];
  for (std::size_t i = 1; i < size; ++i) largest = scores[i] > largest ? scores[i] : largest;
  *maxima = largest;
}

template <class V>
void weigh(const float* scores, std::size_t size, float top, double inverse,
           double* weights) noexcept {
  const auto largest = static_cast<double>(top);
  for (std::size_t i = 0; i < size; ++i) {
    weights[i] = exp_nonpositive<V>((static_cast<double>(scores[i]) - largest) * inverse);
  }
}

template <class V>
double sum_exp(const float* scores, std::size_t size, float top) noexcept {
  const auto largest = static_cast<double>(top);
  double lanes[8] = {};
  by_lanes(size, [&](std::size_t lane, std::size_t i) {
    lanes[lane] += exp_nonpositive<V>(static_cast<double>(scores[i]) - largest);
  });
  double total = 0;
  for (const double lane : lanes) total += lane;
  return total;
}

template <class V>
double sum_weight_log(const double* weights, std::size_t size) noexcept {
  double lanes[8] = {};
  by_lanes(size, [&](std::size_t lane, std::size_t i) {
    lanes[lane] += weights[i] * log_positive<V>(weights[i]);
  });
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
         ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

// A weight of 0 stays 0, by bits for the reason that exp.hpp names.
template <class V>
void temper(double* weights, std::size_t size, double log_top, double temperature) noexcept {
  for (std::size_t i = 0; i < size; ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(weights[i]);
    const std::uint64_t keep = 0 - ((bits | (0 - bits)) >> 63);
    const double x = (log_positive<V>(weights[i]) - log_top) / temperature;
    weights[i] = std::bit_cast<double>(std::bit_cast<std::uint64_t>(exp_nonpositive<V>(x)) & keep);
  }
}

}  // namespace tlite::generic

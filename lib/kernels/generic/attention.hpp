// Attention to one page. A vector lane is a position for the scores and a dimension for the
// weighted values, so the only sums across lanes are those of the softmax.
#pragma once

#include "kernels/generic/math.hpp"
#include "kernels/ops.hpp"

#include <cstddef>
#include <limits>

namespace tlite::generic {

constexpr std::size_t kPage = 32;  // positions

// The exponentials of the scores of T heads against the running maximum; earlier sums and outputs
// are scaled to a new maximum by `rescale`.
template <class V, class E, std::size_t T>
void score_page(const PageAttention& a, std::size_t head, float (&p)[T][kPage],
                float (&rescale)[T]) noexcept {
  V scores[T][2];
  for (std::size_t t = 0; t < T; ++t) scores[t][0] = scores[t][1] = V::splat(0.0F);
  const float* q = a.q + head * a.head_dim;
  for (std::size_t d = 0; d < a.head_dim; ++d) {
    const std::byte* keys = a.keys + d * kPage * E::kBytes;
    const V low = E::load(keys);
    const V high = E::load(keys + 16 * E::kBytes);
    for (std::size_t t = 0; t < T; ++t) {
      const V query = V::splat(q[t * a.head_dim + d]);
      scores[t][0] = V::fma(query, low, scores[t][0]);
      scores[t][1] = V::fma(query, high, scores[t][1]);
    }
  }
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  for (std::size_t t = 0; t < T; ++t) {
    const std::size_t h = head + t;
    const V low = V::keep_lanes(scores[t][0], a.begin, a.end, kNever);
    const V high = V::keep_lanes(scores[t][1], a.begin - 16, a.end - 16, kNever);
    const float largest = V::largest(V::max(low, high));
    const float before = a.max[h];
    const float now = before > largest ? before : largest;
    const V exp_low = exp(V::sub(low, V::splat(now)));
    const V exp_high = exp(V::sub(high, V::splat(now)));
    V::store(p[t], exp_low);
    V::store(p[t] + 16, exp_high);
    rescale[t] = V::first(exp(V::splat(before - now)));
    a.sum[h] = V::first(V::fma(V::splat(a.sum[h]), V::splat(rescale[t]),
                               V::splat(V::sum(V::add(exp_low, exp_high)))));
    a.max[h] = now;
  }
}

// out = out * rescale + p x values, for N vectors of dimensions from `d` on. `rest`: lanes of the
// last vector that exist.
template <class V, class E, std::size_t T, std::size_t N, bool kWhole>
void weigh_values(const PageAttention& a, std::size_t head, const float (&p)[T][kPage],
                  const float (&rescale)[T], std::size_t d, int rest) noexcept {
  V sums[T][N];
  for (std::size_t t = 0; t < T; ++t) {
    const float* out = a.out + (head + t) * a.head_dim + d;
    for (std::size_t n = 0; n < N; ++n) {
      const V before = kWhole ? V::load(out + 16 * n) : V::load_first(out + 16 * n, rest);
      sums[t][n] = V::mul(before, V::splat(rescale[t]));
    }
  }
  for (int j = a.begin; j < a.end; ++j) {
    const std::byte* row = a.values + (static_cast<std::size_t>(j) * a.head_dim + d) * E::kBytes;
    V values[N];
    for (std::size_t n = 0; n < N; ++n) {
      const std::byte* at = row + 16 * n * E::kBytes;
      values[n] = kWhole ? E::load(at) : E::load_first(at, rest);
    }
    for (std::size_t t = 0; t < T; ++t) {
      const V weight = V::splat(p[t][j]);
      for (std::size_t n = 0; n < N; ++n) sums[t][n] = V::fma(weight, values[n], sums[t][n]);
    }
  }
  for (std::size_t t = 0; t < T; ++t) {
    float* out = a.out + (head + t) * a.head_dim + d;
    for (std::size_t n = 0; n < N; ++n) {
      if (kWhole) {
        V::store(out + 16 * n, sums[t][n]);
      } else {
        V::store_first(out + 16 * n, sums[t][n], rest);
      }
    }
  }
}

template <class V, class E, std::size_t T>
void attend_heads(const PageAttention& a, std::size_t head) noexcept {
  float p[T][kPage];
  float rescale[T];
  score_page<V, E, T>(a, head, p, rescale);
  std::size_t d = 0;
  for (; d + 32 <= a.head_dim; d += 32) weigh_values<V, E, T, 2, true>(a, head, p, rescale, d, 16);
  for (; d + 16 <= a.head_dim; d += 16) weigh_values<V, E, T, 1, true>(a, head, p, rescale, d, 16);
  if (d < a.head_dim) {
    weigh_values<V, E, T, 1, false>(a, head, p, rescale, d, static_cast<int>(a.head_dim - d));
  }
}

// Runs T heads if there are as many left, else the next smaller tile.
template <class V, class E, std::size_t T>
void attend_tiles(const PageAttention& a, std::size_t head) noexcept {
  for (; head + T <= a.heads; head += T) attend_heads<V, E, T>(a, head);
  if constexpr (T > 1) {
    if (head < a.heads) attend_tiles<V, E, T - 1>(a, head);
  }
}

template <class V, class E>
void attend(const PageAttention& a) noexcept {
  attend_tiles<V, E, V::kAttendHeads>(a, 0);
}

template <class V>
void merge(const PageAttention& into, const PageAttention& later) noexcept {
  for (std::size_t h = 0; h < into.heads; ++h) {
    const float now = into.max[h] > later.max[h] ? into.max[h] : later.max[h];
    const V a = exp(V::splat(into.max[h] - now));
    const V b = exp(V::splat(later.max[h] - now));
    into.max[h] = now;
    into.sum[h] = V::first(V::fma(V::splat(later.sum[h]), b, V::mul(V::splat(into.sum[h]), a)));
    float* out = into.out + h * into.head_dim;
    const float* add = later.out + h * into.head_dim;
    for (std::size_t d = 0; d < into.head_dim; d += 16) {
      const std::size_t left = into.head_dim - d;
      const int lanes = left < 16 ? static_cast<int>(left) : 16;
      const V scaled = V::mul(V::load_first(out + d, lanes), a);
      V::store_first(out + d, V::fma(V::load_first(add + d, lanes), b, scaled), lanes);
    }
  }
}

}  // namespace tlite::generic

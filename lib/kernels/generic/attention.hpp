// Attention to one page. A vector lane is a position for the scores and a dimension for the
// weighted values, so the only sums across lanes are those of the softmax.
//
// Queries go in tiles of T that share each load of keys or values; a query's own chain of fused
// steps is the same in a tile of any size.
//
// kPairs: the operands are numbers of bf16, and the order is that of attend_bf16(): of a pair of
// positions the odd one first. (Pairs of dimensions lie so already.)
#pragma once

#include "kernels/generic/math.hpp"
#include "kernels/ops.hpp"
#include "kernels/unroll.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace tlite::generic {

constexpr std::size_t kPage = 32;  // positions

// Queries whose scores are kept between the two products: enough that keys and values come into the
// first-level cache rarely, few enough to leave them room there.
constexpr std::size_t kQueries = 48;

using Scores = float[kQueries][kPage];

// Asks for a.next, a share with each tile of queries: processors do not look beyond 4 KB, and in
// one burst they stop to ask.
template <class V>
class Ahead {
 public:
  explicit Ahead(const PageAttention& a) noexcept : at_(a.next), left_((a.next_bytes + 63) / 64) {
    const std::size_t tiles = (a.state.queries + V::kAttendQueries - 1) / V::kAttendQueries;
    const std::size_t steps = tiles * (1 + (a.state.head_dim + 31) / 32);
    share_ = (left_ + steps - 1) / steps;
  }
  void step() noexcept {
    for (std::size_t i = std::min(share_, left_); i > 0; --i, --left_, at_ += 64) V::prefetch(at_);
  }

 private:
  const std::byte* at_;
  std::size_t left_;
  std::size_t share_;
};

// -infinity outside of the positions.
template <class V>
void store_scores(const PageAttention& a, const V (&scores)[2], float (&p)[kPage]) noexcept {
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  V::store(p, V::keep_lanes(scores[0], a.begin, a.end, kNever));
  V::store(p + 16, V::keep_lanes(scores[1], a.begin - 16, a.end - 16, kNever));
}

// p = q x keys for the T queries from `first` on.
template <class V, std::size_t T>
void score_tile(const PageAttention& a, std::size_t first, float (*p)[kPage]) noexcept {
  V scores[T][2];
  unroll<T>([&](auto t) TLITE_INLINE { scores[t][0] = scores[t][1] = V::splat(0.0F); });
  const float* q = a.operands.q + first * a.state.head_dim;
  const auto add = [&](std::size_t d) TLITE_INLINE {
    const V low = V::load(a.operands.keys + d * kPage);
    const V high = V::load(a.operands.keys + d * kPage + 16);
    unroll<T>([&](auto t) TLITE_INLINE {
      const V query = V::splat(q[t * a.state.head_dim + d]);
      scores[t][0] = V::fma(query, low, scores[t][0]);
      scores[t][1] = V::fma(query, high, scores[t][1]);
    });
  };
  for (std::size_t d = 0; d < a.state.head_dim; ++d) add(d);
  unroll<T>([&](auto t) TLITE_INLINE { store_scores(a, scores[t], p[t]); });
}

// To the 8 bits of a bf16: Veltkamp's splitting, the same in every tier. Of [0, 1].
template <class V>
V rounded(V x) noexcept {
  const V large = V::mul(x, V::splat(65537.0F));
  return V::sub(large, V::sub(large, x));
}

// Scores become exponentials against the running maximum; `rescale` takes earlier sums and outputs
// to a new maximum.
template <class V, bool kPairs>
void softmax(const PageAttention& a, std::size_t first, std::size_t count, Scores& p,
             float (&rescale)[kQueries]) noexcept {
  float sums[kQueries];
  for (std::size_t t = 0; t < count; ++t) {
    const V low = V::load(p[t]);
    const V high = V::load(p[t] + 16);
    const float before = a.state.max[first + t];
    const float largest = V::largest(V::max(low, high));
    const float now = before > largest ? before : largest;
    V exp_low = exp(V::sub(low, V::splat(now)));
    V exp_high = exp(V::sub(high, V::splat(now)));
    if constexpr (kPairs) {
      exp_low = rounded(exp_low);
      exp_high = rounded(exp_high);
    }
    V::store(p[t], exp_low);
    V::store(p[t] + 16, exp_high);
    sums[t] = V::sum(V::add(exp_low, exp_high));
    rescale[t] = before - now;
    a.state.max[first + t] = now;
  }
  for (std::size_t t = 0; t < count; t += 16) {
    const int lanes = static_cast<int>(std::min<std::size_t>(16, count - t));
    const V factor = exp(V::load_first(rescale + t, lanes));
    float* sum = a.state.sum + first + t;
    const V total = V::fma(V::load_first(sum, lanes), factor, V::load_first(sums + t, lanes));
    V::store_first(rescale + t, factor, lanes);
    V::store_first(sum, total, lanes);
  }
}

// N vectors of dimensions of T outputs, from `d` on. `rest`: lanes of the last vector that exist.
template <class V, std::size_t T, std::size_t N, bool kWhole>
struct OutTile {
  V value[T][N];
  float* out;
  std::size_t stride;
  int rest;

  TLITE_INLINE OutTile(const PageAttention& a, std::size_t first, std::size_t d, int lanes) noexcept
      : out(a.state.out + first * a.state.head_dim + d), stride(a.state.head_dim), rest(lanes) {}

  TLITE_INLINE void load(const float* rescale) noexcept {
    unroll<T>([&](auto t) TLITE_INLINE {
      const V factor = V::splat(rescale[t]);
      unroll<N>([&](auto n) TLITE_INLINE {
        const float* from = out + t * stride + 16 * n;
        value[t][n] = V::mul(kWhole ? V::load(from) : V::load_first(from, rest), factor);
      });
    });
  }
  TLITE_INLINE void store() const noexcept {
    unroll<T>([&](auto t) TLITE_INLINE {
      unroll<N>([&](auto n) TLITE_INLINE {
        float* to = out + t * stride + 16 * n;
        if constexpr (kWhole) {
          V::store(to, value[t][n]);
        } else {
          V::store_first(to, value[t][n], rest);
        }
      });
    });
  }
};

// out = out * rescale + p x values.
template <class V, bool kPairs, std::size_t T, std::size_t N, bool kWhole>
void weigh_tile(const PageAttention& a, std::size_t first, const float (*p)[kPage],
                const float* rescale, std::size_t d, int rest) noexcept {
  OutTile<V, T, N, kWhole> sums(a, first, d, rest);
  sums.load(rescale);
  const auto add = [&](int j) TLITE_INLINE {
    const float* row = a.operands.values + static_cast<std::size_t>(j) * a.state.head_dim + d;
    V values[N];
    unroll<N>([&](auto n) TLITE_INLINE {
      values[n] = kWhole ? V::load(row + 16 * n) : V::load_first(row + 16 * n, rest);
    });
    unroll<T>([&](auto t) TLITE_INLINE {
      const V weight = V::splat(p[t][j]);
      unroll<N>([&](auto n) TLITE_INLINE {
        sums.value[t][n] = V::fma(weight, values[n], sums.value[t][n]);
      });
    });
  };
  int j = a.begin;
  if constexpr (kPairs) {
    if (j % 2 != 0) add(j++);
    for (; j < (a.end & ~1); ++j) add(j ^ 1);
  }
  for (; j < a.end; ++j) add(j);
  sums.store();
}

// Calls body.template operator()<T>(first) for tiles of T of `count`, then for smaller ones.
template <std::size_t T, class Body>
void in_tiles(std::size_t first, std::size_t count, const Body& body) noexcept {
  for (; first + T <= count; first += T) body.template operator()<T>(first);
  if constexpr (T > 1) {
    if (first < count) in_tiles<T - 1>(first, count, body);
  }
}

// Calls body.template operator()<N, kWhole>(d, rest) for all vectors of dimensions, two at a time.
template <class Body>
void in_columns(std::size_t head_dim, const Body& body) noexcept {
  std::size_t d = 0;
  for (; d + 32 <= head_dim; d += 32) body.template operator()<2, true>(d, 16);
  for (; d + 16 <= head_dim; d += 16) body.template operator()<1, true>(d, 16);
  if (d < head_dim) body.template operator()<1, false>(d, static_cast<int>(head_dim - d));
}

template <class V, bool kPairs>
void weigh_values(const PageAttention& a, std::size_t first, std::size_t count, const Scores& p,
                  const float (&rescale)[kQueries], Ahead<V>& ahead) noexcept {
  in_columns(a.state.head_dim, [&]<std::size_t N, bool kWhole>(std::size_t d, int rest) {
    in_tiles<V::kAttendQueries>(0, count, [&]<std::size_t T>(std::size_t t) {
      ahead.step();
      weigh_tile<V, kPairs, T, N, kWhole>(a, first + t, p + t, rescale + t, d, rest);
    });
  });
}

template <class V, bool kPairs = false>
void attend(const PageAttention& a) noexcept {
  Scores p;
  float rescale[kQueries];
  Ahead<V> ahead(a);
  for (std::size_t first = 0; first < a.state.queries; first += kQueries) {
    const std::size_t count = std::min(kQueries, a.state.queries - first);
    in_tiles<V::kAttendQueries>(0, count, [&]<std::size_t T>(std::size_t t) {
      ahead.step();
      score_tile<V, T>(a, first + t, p + t);
    });
    softmax<V, kPairs>(a, first, count, p, rescale);
    weigh_values<V, kPairs>(a, first, count, p, rescale, ahead);
  }
}

template <class V>
void merge(const AttentionState& into, const AttentionState& later) noexcept {
  for (std::size_t h = 0; h < into.queries; ++h) {
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

// `count` stored elements as floats; a multiple of 16.
template <class V, class E>
void widen(const std::byte* from, std::size_t count, float* to) noexcept {
  for (std::size_t i = 0; i < count; i += 16) V::store(to + i, E::load(from + i * E::kBytes));
}

// Blocks of q8_0: see KernelOps. 32 dimensions share a scale.
template <class V, class F16>
void widen_q8_keys(const std::byte* block, std::size_t head_dim, float* to) noexcept {
  const std::byte* scales = block + head_dim * kPage;
  for (std::size_t d = 0; d < head_dim; ++d) {
    for (std::size_t j = 0; j < kPage; j += 16) {
      const V scale = F16::load(scales + (d / 32 * kPage + j) * F16::kBytes);
      V::store(to + d * kPage + j, V::mul(V::load_bytes(block + d * kPage + j), scale));
    }
  }
}

template <class V, class F16>
void widen_q8_values(const std::byte* block, std::size_t head_dim, float* to) noexcept {
  const std::byte* scales = block + head_dim * kPage;
  for (std::size_t i = 0; i < head_dim * kPage; i += 32) {
    const V scale = V::splat(V::first(F16::load_first(scales + i / 32 * F16::kBytes, 1)));
    V::store(to + i, V::mul(V::load_bytes(block + i), scale));
    V::store(to + i + 16, V::mul(V::load_bytes(block + i + 16), scale));
  }
}

}  // namespace tlite::generic

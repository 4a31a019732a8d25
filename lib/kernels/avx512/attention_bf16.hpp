// attend_bf16() by vdpbf16ps, on keys and values as they are stored.
#pragma once

#include "kernels/avx512/simd.hpp"
#include "kernels/avx512/vector.hpp"
#include "kernels/generic/attention.hpp"

#include <algorithm>
#include <cstdint>

namespace tlite {
namespace {

// Of a page, for a query: two exponentials in each.
using WeightPairs = std::uint32_t[generic::kQueries][generic::kPage / 2];

constexpr std::uint32_t kEven = 0xFFFFU;
constexpr std::uint32_t kOdd = 0xFFFF0000U;
constexpr std::uint32_t kBoth = kEven | kOdd;

template <std::size_t T>
void score_pairs(const PageAttention& a, std::size_t first, float (*p)[generic::kPage]) noexcept {
  Vector scores[T][2];
  unroll<T>([&](auto t) TLITE_INLINE { scores[t][0] = scores[t][1] = Vector::zero(); });
  const std::uint16_t* q = a.operands.q_bf16 + first * a.state.head_dim;
  for (std::size_t d = 0; d < a.state.head_dim; d += 2) {
    const __m512i low = _mm512_loadu_si512(a.operands.keys_bf16 + d * generic::kPage);
    const __m512i high = _mm512_loadu_si512(a.operands.keys_bf16 + (d + 1) * generic::kPage);
    unroll<T>([&](auto t) TLITE_INLINE {
      const __m512i query = Avx512::broadcast_word(q + t * a.state.head_dim + d);
      scores[t][0].v = Avx512::add_bf16(scores[t][0].v, low, query);
      scores[t][1].v = Avx512::add_bf16(scores[t][1].v, high, query);
    });
  }
  unroll<T>([&](auto t) TLITE_INLINE { generic::store_scores(a, scores[t], p[t]); });
}

// Exponentials already have no more bits than a bf16.
void pack_weights(const generic::Scores& p, std::size_t count, WeightPairs& pairs) noexcept {
  for (std::size_t t = 0; t < count; ++t) {
    for (std::size_t half = 0; half < 2; ++half) {
      const __m512i bits = _mm512_srli_epi32(_mm512_loadu_si512(p[t] + 16 * half), 16);
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(pairs[t] + 8 * half),
                          _mm512_cvtepi32_epi16(bits));
    }
  }
}

template <std::size_t T, std::size_t N, bool kWhole>
void weigh_pairs(const PageAttention& a, std::size_t first,
                 const std::uint32_t (*p)[generic::kPage / 2], const float* rescale, std::size_t d,
                 int rest) noexcept {
  generic::OutTile<Vector, T, N, kWhole> sums(a, first, d, rest);
  sums.load(rescale);
  // Pair i of positions, of which those exist that `existing` has bits for: what lies in a page
  // beside them may be anything, NaN too.
  const auto add = [&](int i, std::uint32_t existing) TLITE_INLINE {
    const auto* row = reinterpret_cast<const float*>(
        a.operands.values_bf16 + 2 * (static_cast<std::size_t>(i) * a.state.head_dim + d));
    __m512i values[N];
    unroll<N>([&](auto n) TLITE_INLINE {
      const float* from = row + 16 * n;
      values[n] = _mm512_castps_si512(kWhole ? _mm512_loadu_ps(from)
                                             : _mm512_maskz_loadu_ps(first_lanes(rest), from));
      if (existing != kBoth) {
        values[n] = _mm512_and_si512(values[n], _mm512_set1_epi32(static_cast<int>(existing)));
      }
    });
    unroll<T>([&](auto t) TLITE_INLINE {
      const __m512i weights = Avx512::broadcast_word(&p[t][i]);
      unroll<N>([&](auto n) TLITE_INLINE {
        sums.value[t][n].v = Avx512::add_bf16(sums.value[t][n].v, values[n], weights);
      });
    });
  };
  int i = a.begin / 2;
  if (a.begin % 2 != 0) add(i++, kOdd);
  for (; 2 * i + 2 <= a.end; ++i) add(i, kBoth);
  if (2 * i < a.end) add(i, kEven);
  sums.store();
}

void attend_pairs(const PageAttention& a) noexcept {
  generic::Scores p;
  WeightPairs pairs;
  float rescale[generic::kQueries];
  generic::Ahead<Vector> ahead(a);
  for (std::size_t first = 0; first < a.state.queries; first += generic::kQueries) {
    const std::size_t count = std::min(generic::kQueries, a.state.queries - first);
    generic::in_tiles<Vector::kAttendQueries>(0, count, [&]<std::size_t T>(std::size_t t) {
      ahead.step();
      score_pairs<T>(a, first + t, p + t);
    });
    generic::softmax<Vector, true>(a, first, count, p, rescale);
    pack_weights(p, count, pairs);
    generic::in_columns(a.state.head_dim, [&]<std::size_t N, bool kWhole>(std::size_t d, int rest) {
      generic::in_tiles<Vector::kAttendQueries>(0, count, [&]<std::size_t T>(std::size_t t) {
        ahead.step();
        weigh_pairs<T, N, kWhole>(a, first + t, pairs + t, rescale + t, d, rest);
      });
    });
  }
}

}  // namespace
}  // namespace tlite

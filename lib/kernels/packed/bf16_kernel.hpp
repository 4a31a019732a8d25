// bf16 weights times inputs rounded to bf16, summed in f32.
//
// A plane holds a pair of k of each of 16 output rows. One order everywhere: an output goes through
// k in pairs from the first to the last, and a pair is added in two fused steps, that of the odd
// element first. That is what AVX-512's vdpbf16ps does. (It takes numbers below 2^-126 for zero;
// the other tiers do not, so there the last bits may differ.)
#pragma once

#include "kernels/packed/dot_tile.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/kernel.hpp"

#include <algorithm>
#include <cstddef>

namespace tlite {

template <class S>
struct Bf16Kernel {
  static constexpr std::size_t kPlanes = 32;  // of a tile of 64
  static constexpr std::size_t kPairBytes = 4;
  static constexpr std::size_t kVectors = S::kTileVectors;
  // Of k, so that what a tile of rows reads stays in the first-level cache or near it while the
  // groups of a chunk pass by, and these stay in the second while the rows do. Zen 5, 2 threads,
  // 512 rows, GFLOP/s of 1,010 with planes of 256, 512, 1,024, 2,048: 880, 925, 970, 970; with 13
  // or 14 rows in place of 12: 910, 930 where 12 have 930.
  static constexpr std::size_t kBlockPlanes = 1024;

  // Planes [begin, end) of V groups, T rows of x.
  template <std::size_t T, std::size_t V, bool kPrefetch>
  static void tile(const PackedJob& job, std::size_t group, std::size_t row, std::size_t begin,
                   std::size_t end) noexcept {
    const std::size_t group_bytes = job.tiles_per_group * kPlanes * kPlaneBytes;
    const std::byte* weights[V];
    unroll<V>([&](auto v) TLITE_INLINE { weights[v] = job.tiles + (group + v) * group_bytes; });
    const std::byte* x[T];
    unroll<T>([&](auto t) TLITE_INLINE { x[t] = job.x + (row + t) * job.x_stride.row; });
    const OutputTile out{job.y + row * job.y_stride + group * kLanes, job.y_stride,
                         lanes_of(job, group + V - 1)};
    FloatTile<S, T, V> y;
    if (begin == 0) {
      y.clear();
    } else {
      y.load(out);
    }
    for (std::size_t plane = begin; plane < end; ++plane) {
      typename S::V w[V];
      unroll<V>([&](auto v) TLITE_INLINE {
        const std::byte* const at = weights[v] + plane * kPlaneBytes;
        if constexpr (kPrefetch) S::prefetch(at + S::kPrefetchAhead);
        w[v] = S::load(at);
      });
      unroll<T>([&](auto t) TLITE_INLINE {
        const auto pair = S::bf16_pair(x[t] + plane * kPairBytes);
        unroll<V>([&](auto v)
                      TLITE_INLINE { y.value[t][v] = S::add_bf16(y.value[t][v], w[v], pair); });
      });
    }
    y.store(out);
  }

  // Calls body(first group, V) for V groups at a time, then for one.
  template <class Body>
  static void for_groups(std::size_t groups, Body&& body) noexcept {
    for_tiles(std::index_sequence<kVectors, 1>{}, groups, body);
  }

  // Weights stream by once.
  static void few(const PackedJob& job) noexcept {
    const std::size_t planes = job.tiles_per_group * kPlanes;
    for_groups(job.groups, [&](std::size_t group, auto vectors) {
      for_tiles(typename S::Bf16Rows{}, job.rows, [&](std::size_t row, auto rows) {
        tile<rows, vectors, true>(job, group, row, 0, planes);
      });
    });
  }

  static void many(const PackedJob& job) noexcept {
    const std::size_t planes = job.tiles_per_group * kPlanes;
    for (std::size_t begin = 0; begin < planes; begin += kBlockPlanes) {
      const std::size_t end = std::min(begin + kBlockPlanes, planes);
      for_tiles(typename S::Bf16Rows{}, job.rows, [&](std::size_t row, auto rows) {
        for_groups(job.groups, [&](std::size_t group, auto vectors) {
          tile<rows, vectors, false>(job, group, row, begin, end);
        });
      });
    }
  }

  static void run(const PackedJob& job) noexcept {
    return job.rows <= S::kDirectRows ? few(job) : many(job);
  }

  static constexpr PackedKernel kernel() noexcept { return {&run, 0}; }
};

}  // namespace tlite

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
#include "kernels/packed/streamed.hpp"

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

  // With a few rows a part is in the first-level cache, and the next on its way.
  static constexpr std::size_t kTurnPlanes = 256;
  static constexpr std::size_t kFewRows = 64;

  // Planes [begin, end) of groups, for rows of x.
  struct Part {
    std::size_t group;
    std::size_t begin;
    std::size_t end;
  };

  static std::size_t group_bytes(const PackedJob& job) noexcept {
    return job.tiles_per_group * kPlanes * kPlaneBytes;
  }

  // V groups, T rows from `row` on.
  template <std::size_t T, std::size_t V, bool kPrefetch>
  static void tile(const PackedJob& job, const Part& part, std::size_t row, Ahead ahead) noexcept {
    const std::size_t stride = group_bytes(job);
    const std::byte* weights[V];
    unroll<V>([&](auto v) TLITE_INLINE { weights[v] = job.tiles + (part.group + v) * stride; });
    const std::byte* x[T];
    unroll<T>([&](auto t) TLITE_INLINE { x[t] = job.x + (row + t) * job.x_stride.row; });
    const OutputTile out{job.y + row * job.y_stride + part.group * kLanes, job.y_stride,
                         lanes_of(job, part.group + V - 1)};
    FloatTile<S, T, V> y;
    if (part.begin == 0) {
      y.clear();
    } else {
      y.load(out);
    }
    for (std::size_t plane = part.begin; plane < part.end; ++plane) {
      typename S::V w[V];
      unroll<V>([&](auto v) TLITE_INLINE {
        if constexpr (kPrefetch) S::prefetch(ahead.at + v * stride);
        w[v] = S::load(weights[v] + plane * kPlaneBytes);
      });
      if constexpr (kPrefetch) ahead.at += ahead.step;
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

  // Weights come from memory once: rows that fit one pass go through all of k, more take turns with
  // a part of it, which the first pass brings into the cache while all of them ask for the next.
  // (For 13 and 16 rows on Zen 5 430 and 460 GFLOP/s; by whole groups 320, 370.)
  static void few(const PackedJob& job) noexcept {
    const std::size_t planes = job.tiles_per_group * kPlanes;
    const std::size_t step = job.rows > S::kMostBf16Rows ? kTurnPlanes : planes;
    for_groups(job.groups, [&](std::size_t group, auto vectors) {
      const std::byte* const weights = job.tiles + group * group_bytes(job);
      for (std::size_t begin = 0; begin < planes; begin += step) {
        const std::size_t end = std::min(begin + step, planes);
        const std::byte* next = weights + end * kPlaneBytes;
        if (step == planes) {
          next = weights + S::kPrefetchAhead;
        } else if (end == planes) {
          next = weights + vectors * group_bytes(job);
        }
        for_even_tiles<S::kMostBf16Rows>(job.rows, [&](const Pass& pass, auto rows) {
          tile<rows, vectors, true>(job, {group, begin, end}, pass.row,
                                    share_of(pass, next, end - begin, kPlaneBytes));
        });
      }
    });
  }

  static void many(const PackedJob& job) noexcept {
    const std::size_t planes = job.tiles_per_group * kPlanes;
    for (std::size_t begin = 0; begin < planes; begin += kBlockPlanes) {
      const std::size_t end = std::min(begin + kBlockPlanes, planes);
      for_even_tiles<S::kMostBf16Rows>(job.rows, [&](const Pass& pass, auto rows) {
        for_groups(job.groups, [&](std::size_t group, auto vectors) {
          tile<rows, vectors, false>(job, {group, begin, end}, pass.row, {});
        });
      });
    }
  }

  static void run(const PackedJob& job) noexcept {
    return job.rows <= kFewRows ? few(job) : many(job);
  }

  static constexpr PackedKernel kernel() noexcept { return {&run, 0}; }
};

}  // namespace tlite

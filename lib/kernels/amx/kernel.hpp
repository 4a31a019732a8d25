// Prompts by matrix registers, of the K formats. Up to 47 rows go as they do with AVX-512:
// unpacking a strip costs as much as the products of 100 rows. (The 47 is reckoned from the times
// below, 840 ns and 215 for each 16 rows against 590, and not measured. Until the kernels with
// AVX-512 asked for memory ahead of strips it was 32, measured.)
//
// A tile of a pair of groups is unpacked into a strip in the first-level cache, and all rows pass
// by, 16 at a time. Products are stored as 32-bit words; vectors scale them and add them to the
// outputs, in the order that all tiers keep (packed/dot_tile.hpp), a row after each product of
// later rows: the processor runs both side by side, but only where they alternate as finely as
// that.
//
// Emerald Rapids, one core, 512 rows and 3,584 of k in the cache, ns for 16 rows times 32 outputs
// times 256 of k: q4_k 235, q6_k 215; by vectors 590, 750. Of that the products take 135, unpacking
// 35. Vectors and products share a port: 768 vfmadd for 16 products run in 337 ns, alone in 171 and
// 135. That is why the formats with a scale for 32 weights stay with AVX-512: their three vector
// steps for each 32 of k take longer than the products, and prompts gained nothing.
#pragma once

#include "kernels/amx/registers.hpp"
#include "kernels/amx/strip.hpp"
#include "kernels/avx512/simd.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/kernel.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace tlite {
namespace {

// kFewRows: the format's kernel with AVX-512, for as many rows as it is faster for.
template <class F, const PackedKernel& kFewRows>
struct MatrixKernel {
  using Activation = Activation256;
  static constexpr std::size_t kMostFewRows = 47;
  static_assert(kMostFewRows >= kMatrixRows, "strip() takes two matrices of rows or more");
  static constexpr std::size_t kPair = 2;
  static constexpr std::size_t kPackedBytes = F::kPlanes * kPlaneBytes;
  static constexpr std::size_t kStripBytes = MatrixStrip<F, kPair>::kBytes;
  static constexpr std::size_t kRestBytes = kMatrixRows * sizeof(Activation);
  static constexpr std::size_t kProductWords = MatrixStrip<F, kPair>::kProductWords;

  // Tile `tile` of V groups from `group` on, for all rows.
  template <std::size_t V>
  static void strip(const PackedJob& job, std::size_t group, std::size_t tile) noexcept {
    const MatrixStrip<F, V> strip(job.scratch);
    for (std::size_t v = 0; v < V; ++v) {
      const std::byte* const packed =
          job.tiles + ((group + v) * job.tiles_per_group + tile) * kPackedBytes;
      strip.unpack(packed, v);
      // The group's next tile, whose turn comes after the other groups'.
      for (std::size_t at = 0; at < kPackedBytes; at += kPlaneBytes) {
        Avx512::prefetch(packed + kPackedBytes + at);
      }
    }
    copy_rest(job, tile);
    MatrixRegisters::see_writes();

    const typename MatrixStrip<F, V>::Sums sums(strip, job.y_stride, lanes_of(job, group + V - 1),
                                                tile == 0);
    const auto x = [&](std::size_t i) TLITE_INLINE { return rows_of(job, i, tile); };
    const auto y = [&](std::size_t i) TLITE_INLINE {
      return job.y + i * kMatrixRows * job.y_stride + group * kLanes;
    };
    const auto products = [&](std::size_t i) TLITE_INLINE {
      auto* const all = reinterpret_cast<std::int32_t*>(job.scratch + kStripBytes + kRestBytes);
      return all + i % 2 * kProductWords;
    };
    const auto nothing = [](auto, auto) {};

    // Three times 16 rows are at work: i is multiplied, the products of i - 1 are stored, those of
    // i - 2 are added.
    const std::size_t count = (job.rows + kMatrixRows - 1) / kMatrixRows;
    strip.template multiply<false>(x(0), nullptr, nothing);
    strip.template multiply<true>(x(1), products(0), nothing);
    for (std::size_t i = 2; i < count; ++i) {
      const Activation* const old_x = x(i - 2);
      float* const old_y = y(i - 2);
      const std::int32_t* const old = products(i);
      strip.template multiply<true>(x(i), products(i - 1), [&](auto j, auto all) TLITE_INLINE {
        constexpr std::size_t kShare = kMatrixRows / all;
        unroll<kShare>([&](auto t) TLITE_INLINE {
          sums.add_row(old_x[j * kShare + t], old, old_y, j * kShare + t);
        });
      });
    }
    strip.store(products(count - 1));
    for (std::size_t i = count - 2; i < count; ++i) {
      const std::size_t rows = std::min(kMatrixRows, job.rows - i * kMatrixRows);
      for (std::size_t t = 0; t < rows; ++t) sums.add_row(x(i)[t], products(i), y(i), t);
    }
  }

  // Registers take 16 rows: the last few are completed by zeros in the scratch.
  static void copy_rest(const PackedJob& job, std::size_t tile) noexcept {
    const std::size_t rest = job.rows % kMatrixRows;
    if (rest == 0) return;
    std::byte* const to = job.scratch + kStripBytes;
    const std::byte* const from = job.x + (job.rows - rest) * sizeof(Activation);
    std::memcpy(to, from + tile * job.x_stride.tile, rest * sizeof(Activation));
    std::memset(to + rest * sizeof(Activation), 0, kRestBytes - rest * sizeof(Activation));
  }

  // Rows [16 i, 16 i + 16).
  static const Activation* rows_of(const PackedJob& job, std::size_t i, std::size_t tile) noexcept {
    const std::size_t row = i * kMatrixRows;
    const std::byte* const x = row + kMatrixRows > job.rows
                                   ? job.scratch + kStripBytes
                                   : job.x + row * sizeof(Activation) + tile * job.x_stride.tile;
    return reinterpret_cast<const Activation*>(x);
  }

  static void run(const PackedJob& job) noexcept {
    if (job.rows <= kMostFewRows) return kFewRows.run(job);
    const MatrixRegisters registers;
    for (std::size_t tile = 0; tile < job.tiles_per_group; ++tile) {
      for_tiles(std::index_sequence<kPair, 1>{}, job.groups,
                [&](std::size_t group, auto count) { strip<count>(job, group, tile); });
    }
  }

  static constexpr PackedKernel kernel() noexcept {
    constexpr std::size_t kOwn = kStripBytes + kRestBytes + 2 * kProductWords * sizeof(float);
    return {&run, std::max(kOwn, Kernel<Avx512, F>::kScratchBytes), ActivationOrder::blocks};
  }
};

}  // namespace
}  // namespace tlite

// From a job to tiles: the loops around dot_tiles, the same for all formats and tiers.
#pragma once

#include "kernels/packed/direct.hpp"
#include "kernels/packed/dot_tile.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/strip.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

// Calls body(first, T) for tiles of T rows (or groups) of `count`: as many of the first size as
// there are, then of the next. A size that is not in the list costs a second pass over weights in
// the cache; each that is costs seconds of compiling.
template <std::size_t... kSizes, class Body>
void for_tiles(std::index_sequence<kSizes...>, std::size_t count, Body&& body) noexcept {
  std::size_t first = 0;
  const auto tiles_of = [&](auto size) {
    for (; first + size <= count; first += size) body(first, size);
  };
  (tiles_of(std::integral_constant<std::size_t, kSizes>{}), ...);
}

inline std::size_t lanes_of(const PackedJob& job, std::size_t group) noexcept {
  return std::min(kLanes, job.outs - group * kLanes);
}

template <class S, class F>
struct Kernel {
  static_assert(F::kElements == sizeof(F::Activation::q));
  static constexpr std::size_t kTileBytes = F::kPlanes * kPlaneBytes;
  static constexpr std::size_t kVectors = S::kTileVectors;
  static constexpr std::size_t kStripTiles = S::kStripElements / F::kElements;

  static void direct(const PackedJob& job, std::size_t first_group) noexcept {
    for (std::size_t group = first_group; group < job.groups; ++group) {
      const std::byte* tiles = job.tiles + group * job.tiles_per_group * kTileBytes;
      for_tiles(typename S::DirectRows{}, job.rows, [&](std::size_t row, auto count) {
        const OutputTile out{job.y + row * job.y_stride + group * kLanes, job.y_stride,
                             lanes_of(job, group)};
        dot_tiles<S, Direct<S, F, (count > 1 || S::kPrefetchOneRow)>, count, 1>(
            tiles, job.tiles_per_group, job.x + row * job.x_stride.row, job.x_stride, out, true);
      });
    }
  }

  // Part of k of the groups from `group` on, unpacked into a strip and used for all rows.
  static void strip(const PackedJob& job, std::size_t group, std::size_t tile) noexcept {
    using Source = Strip<S, F, kVectors>;
    const std::size_t tiles = std::min(kStripTiles, job.tiles_per_group - tile);
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::byte* from = job.tiles + ((group + v) * job.tiles_per_group + tile) * kTileBytes;
      for (std::size_t i = 0; i < tiles; ++i) {
        Source::unpack(from + i * kTileBytes, job.scratch + i * Source::kTileBytes, v);
      }
    }
    const std::byte* x = job.x + tile * job.x_stride.tile;
    for_tiles(typename S::StripRows{}, job.rows, [&](std::size_t row, auto count) {
      const OutputTile out{job.y + row * job.y_stride + group * kLanes, job.y_stride,
                           lanes_of(job, group + kVectors - 1)};
      dot_tiles<S, Source, count, kVectors>(job.scratch, tiles, x + row * job.x_stride.row,
                                            job.x_stride, out, tile == 0);
    });
  }

  // All groups that fill strips. Rows come in blocks, so that a block's part of x stays in the
  // second-level cache while the strips of all groups pass by in the first.
  static void strips(const PackedJob& job, std::size_t groups) noexcept {
    PackedJob block = job;
    for (std::size_t tile = 0; tile < job.tiles_per_group; tile += kStripTiles) {
      for (std::size_t row = 0; row < job.rows; row += S::kStripBlockRows) {
        block.x = job.x + row * job.x_stride.row;
        block.y = job.y + row * job.y_stride;
        block.rows = std::min(S::kStripBlockRows, job.rows - row);
        for (std::size_t group = 0; group < groups; group += kVectors) strip(block, group, tile);
      }
    }
  }

  static void run(const PackedJob& job) noexcept {
    const std::size_t groups = job.rows > S::kDirectRows ? job.groups / kVectors * kVectors : 0;
    strips(job, groups);
    direct(job, groups);
  }

  static constexpr std::size_t kScratchBytes = kStripTiles * Strip<S, F, kVectors>::kTileBytes;

  static constexpr PackedKernel kernel() noexcept { return {&run, kScratchBytes}; }
};

}  // namespace tlite

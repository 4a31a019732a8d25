// From a job to tiles: the loops around dot_tiles, the same for all formats and tiers.
#pragma once

#include "kernels/packed/direct.hpp"
#include "kernels/packed/dot_tile.hpp"
#include "kernels/packed/job.hpp"
#include "kernels/packed/streamed.hpp"
#include "kernels/packed/strip.hpp"

#include <algorithm>
#include <utility>

namespace tlite {

// Calls body(first, N) for N groups of `count` at a time: as many of the first size as there are,
// then of the next.
template <std::size_t... kSizes, class Body>
void for_tiles(std::index_sequence<kSizes...>, std::size_t count, Body&& body) noexcept {
  std::size_t first = 0;
  const auto tiles_of = [&](auto size) {
    for (; first + size <= count; first += size) body(first, size);
  };
  (tiles_of(std::integral_constant<std::size_t, kSizes>{}), ...);
}

// One of `of` passes over the same weights, for the rows from `row` on.
struct Pass {
  std::size_t row;
  std::size_t index;
  std::size_t of;
};

// Calls body(pass, T) for tiles of T rows of `count`: as few and as even ones as sizes up to kMost
// allow, the larger first. Each goes over the weights once, so a rest of one or two rows would cost
// as much as a whole tile. A size costs seconds of compiling.
template <std::size_t kMost, class Body>
void for_even_tiles(std::size_t count, Body&& body) noexcept {
  Pass pass{0, 0, (count + kMost - 1) / kMost};
  for (; pass.index < pass.of; ++pass.index) {
    const std::size_t left = pass.of - pass.index;
    const std::size_t size = (count - pass.row + left - 1) / left;
    unroll<kMost>([&](auto i) {
      if (size == i + 1) body(pass, constant<i + 1>);
    });
    pass.row += size;
  }
}

// Pass `pass`'s share of `tiles` tiles of memory from `at` on: all passes together ask for all, so
// that memory works all the time.
inline Ahead share_of(const Pass& pass, const std::byte* at, std::size_t tiles,
                      std::size_t tile_bytes) noexcept {
  return {at + pass.index * tiles * tile_bytes / pass.of, tile_bytes / pass.of};
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
  static constexpr std::size_t kPromptStripTiles = S::kPromptStripElements / F::kElements;
  static constexpr DirectRows kDirect = S::direct_rows(F::kUnpacking);

  // What a pass over a group asks for: where there is one pass the group itself, a little ahead;
  // where there are more the next group, of which each asks for its share. Nobody has asked for the
  // first group of all, so its first pass does.
  //
  // Zen 5, q8_0, GOP/s of 13, 16 and 32 rows: the first pass alone, for its own group 550, 610,
  // 650; so 580, 640, 710. With a part of k that all passes go over before the next 510, 560, 625.
  static Ahead ahead_of(Pass pass, const std::byte* tiles, std::size_t count, bool first) noexcept {
    if (pass.of == 1 || (first && pass.index == 0)) return {tiles + S::kPrefetchAhead, kTileBytes};
    if (first) pass = {pass.row, pass.index - 1, pass.of - 1};
    return share_of(pass, tiles + count * kTileBytes, count, kTileBytes);
  }

  static void direct(const PackedJob& job, std::size_t first_group) noexcept {
    const std::size_t count = job.tiles_per_group;
    for (std::size_t group = first_group; group < job.groups; ++group) {
      const std::byte* const tiles = job.tiles + group * count * kTileBytes;
      for_even_tiles<kDirect.in_tile>(job.rows, [&](const Pass& pass, auto rows) {
        const OutputTile out{job.y + pass.row * job.y_stride + group * kLanes, job.y_stride,
                             lanes_of(job, group)};
        const StreamedWeights weights{tiles, ahead_of(pass, tiles, count, group == first_group), 0};
        dot_tiles<S, Direct<S, F, (rows > 1 || S::kPrefetchOneRow)>, rows, 1>(
            weights, count, job.x + pass.row * job.x_stride.row, job.x_stride, out, true);
      });
    }
  }

  // Where a strip begins: a tile of k of some groups.
  struct Place {
    std::size_t group;
    std::size_t tile;

    std::size_t offset(const PackedJob& job) const noexcept {
      return (group * job.tiles_per_group + tile) * kTileBytes;
    }
  };

  // `tiles` tiles from `at` on, unpacked into a strip and used for all rows, while those from
  // `next` on come from memory.
  static void strip(const PackedJob& job, Place at, std::size_t tiles, Place next) noexcept {
    using Source = Strip<S, F, kVectors>;
    const std::size_t group_bytes = job.tiles_per_group * kTileBytes;
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::byte* from = job.tiles + at.offset(job) + v * group_bytes;
      for (std::size_t i = 0; i < tiles; ++i) {
        Source::unpack(from + i * kTileBytes, job.scratch + i * Source::kTileBytes, v);
      }
    }
    const std::byte* x = job.x + at.tile * job.x_stride.tile;
    for_even_tiles<S::kMostStripRows>(job.rows, [&](const Pass& pass, auto count) {
      const OutputTile out{job.y + pass.row * job.y_stride + at.group * kLanes, job.y_stride,
                           lanes_of(job, at.group + kVectors - 1)};
      const StreamedWeights weights{job.scratch,
                                    share_of(pass, job.tiles + next.offset(job), tiles, kTileBytes),
                                    group_bytes};
      dot_tiles<S, Source, count, kVectors>(weights, tiles, x + pass.row * job.x_stride.row,
                                            job.x_stride, out, at.tile == 0);
    });
  }

  // Tiles [begin, end) of all groups that fill strips.
  static void strips(const PackedJob& job, std::size_t groups, std::size_t begin,
                     std::size_t end) noexcept {
    const std::size_t most = job.rows > S::kPromptRows ? kPromptStripTiles : kStripTiles;
    for (Place at{0, begin}; at.group < groups;) {
      const std::size_t tiles = std::min(most, end - at.tile);
      Place next{at.group, at.tile + tiles};
      if (next.tile == end) next = {at.group + kVectors, begin};
      strip(job, at, tiles, next);
      at = next;
    }
  }

  // Rows come in blocks, so that a block's part of x stays in the second-level cache while the
  // strips of all groups pass by in the first.
  static void blocks(const PackedJob& job, std::size_t groups) noexcept {
    PackedJob block = job;
    const std::size_t count = (job.rows + S::kStripBlockRows - 1) / S::kStripBlockRows;
    const std::size_t rows = (job.rows + count - 1) / count;
    for (std::size_t tile = 0; tile < job.tiles_per_group; tile += kPromptStripTiles) {
      for (std::size_t row = 0; row < job.rows; row += rows) {
        block.x = job.x + row * job.x_stride.row;
        block.y = job.y + row * job.y_stride;
        block.rows = std::min(rows, job.rows - row);
        strips(block, groups, tile, std::min(tile + kPromptStripTiles, job.tiles_per_group));
      }
    }
  }

  static void run(const PackedJob& job) noexcept {
    const std::size_t groups = job.rows > kDirect.until ? job.groups / kVectors * kVectors : 0;
    blocks(job, groups);
    direct(job, groups);
  }

  static constexpr std::size_t kScratchBytes =
      kPromptStripTiles * Strip<S, F, kVectors>::kTileBytes;

  static constexpr PackedKernel kernel() noexcept { return {&run, kScratchBytes}; }
};

}  // namespace tlite

// Dot products of weight rows with input rows. Lane j of 16 sums k = j mod 16 in rising order, in
// a tile of any size, and in every tier.
//
// One row is bound by memory and goes over the weights as they lie. More rows go in register tiles
// of R weight rows x C input rows; where a register holds only a part of 16 lanes, a tile goes over
// k once for each part, which doubles the pairs that its registers hold. k is cut into pieces whose
// inputs stay in the first-level cache; between the pieces sums wait in memory. (Pieces of 512 or
// 2048 and blocks of 8 rows of a prompt were slower on Zen 3.)
#pragma once

#include "kernels/ops.hpp"
#include "kernels/unroll.hpp"

#include <algorithm>
#include <cstddef>

namespace tlite::generic {

constexpr std::size_t kPieceElements = 1024;  // of k

// Weight rows and input rows whose sums wait together; those of 8 rows lie side by side and in the
// first-level cache while it is their turn.
constexpr std::size_t kFewRows = 8;
constexpr std::size_t kBlockRows = 64;
constexpr std::size_t kBlockOuts = 48;
using Sums = float[kBlockOuts][kFewRows][16];
static_assert(kBlockRows / kFewRows * sizeof(Sums) == kLinearScratchBytes);

// The largest of as few and as even parts of `rows` as parts of up to `most` can be: a rest of one
// row costs as much as a whole part.
constexpr std::size_t even_part(std::size_t rows, std::size_t most) noexcept {
  const std::size_t parts = (rows + most - 1) / most;
  return (rows + parts - 1) / parts;
}

// Input rows that share a read of the weights: all where there are few, so that memory is read once
// for them; of a prompt one tile, whose inputs leave room in the first-level cache.
template <class V>
constexpr std::size_t group_rows(std::size_t rows) noexcept {
  return even_part(rows, rows <= kFewRows ? kFewRows : V::kDotInputs);
}

struct DotBlock {
  Sums* sums;  // [rows / kFewRows]
  std::size_t row = 0;
  std::size_t rows = 0;
  std::size_t out = 0;
  std::size_t outs = 0;

  float (&sum(std::size_t of, std::size_t in) noexcept)[16] {
    return sums[in / kFewRows][of][in % kFewRows];
  }
};

// Asks for the line of the weights that the next tile begins with, where `i` begins a line: rows
// are short for the processor's own prefetching, which stops at 4 KB pages. Into the second level
// (into the first: 10 GB/s where this gives 18).
template <class V, class E, std::size_t R>
[[gnu::always_inline]] inline void prefetch_next(const std::byte* const (&w)[R], std::size_t i,
                                                 std::size_t k) noexcept {
  if (i * E::kBytes % 64 != 0) return;
  for (std::size_t r = 0; r < R; ++r) V::prefetch(w[r] + (i + R * k) * E::kBytes);
}

// Adds the products of k in [begin, end), whole vectors, to the sums of a tile that starts at
// weight row `out` and input row `row` of the block.
template <class V, class E, std::size_t R, std::size_t C>
void add_products(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
                  std::size_t begin, std::size_t end) noexcept {
  using Part = typename V::Part;
  constexpr std::size_t kLanes = 16 / V::kParts;
  const std::byte* w[R];
  const float* x[C];
  unroll<R>([&](auto r)
                TLITE_INLINE { w[r] = t.w + (block.out + out + r) * t.in_features * E::kBytes; });
  unroll<C>([&](auto c) TLITE_INLINE { x[c] = t.x + (block.row + row + c) * t.x_stride; });
  const bool ask = block.row == 0 && row == 0;
  for (std::size_t part = 0; part < V::kParts; ++part) {
    const std::size_t lane = part * kLanes;
    Part sum[R][C];
    const auto each_sum = [&](auto&& use) TLITE_INLINE {
      unroll<R>([&](auto r) TLITE_INLINE {
        unroll<C>([&](auto c) TLITE_INLINE { use(sum[r][c], block.sum(out + r, row + c) + lane); });
      });
    };
    each_sum([&](Part& value, const float* waiting)
                 TLITE_INLINE { value = begin == 0 ? Part::zero() : Part::load(waiting); });
    for (std::size_t i = begin; i < end; i += 16) {
      if (ask && part == 0) prefetch_next<V, E>(w, i, t.in_features);
      Part weights[R];
      unroll<R>([&](auto r)
                    TLITE_INLINE { weights[r] = E::load_part(w[r] + (i + lane) * E::kBytes); });
      unroll<C>([&](auto c) TLITE_INLINE {
        // GCC would fold a load into each fused step, and R * C loads take as long as the steps.
        Part input = Part::load(x[c] + i + lane);
        input.keep();
        unroll<R>([&](auto r)
                      TLITE_INLINE { sum[r][c] = Part::fma(weights[r], input, sum[r][c]); });
      });
    }
    each_sum([](const Part& value, float* waiting) TLITE_INLINE { Part::store(waiting, value); });
  }
}

// The lanes behind the last whole vector, and the sum over all lanes.
template <class V, class E>
void finish_block(const LinearTask& t, DotBlock& block) noexcept {
  const std::size_t whole = t.in_features / 16 * 16;
  const int rest = static_cast<int>(t.in_features - whole);
  for (std::size_t row = 0; row < block.rows; ++row) {
    const float* x = t.x + (block.row + row) * t.x_stride + whole;
    float* y = t.y + (block.row + row) * t.y_stride + block.out;
    std::size_t out = 0;
    if constexpr (requires { V::sum_16(nullptr, 0); }) {
      for (; rest == 0 && out + 16 <= block.outs; out += 16) {
        V::store(y + out, V::sum_16(block.sum(out, row), kFewRows * 16));
      }
    }
    for (; out < block.outs; ++out) {
      V sum = whole == 0 ? V::splat(0.0F) : V::load(block.sum(out, row));
      if (rest > 0) {
        const std::byte* w = t.w + ((block.out + out) * t.in_features + whole) * E::kBytes;
        sum = V::fma(E::load_first(w, rest), V::load_first(x, rest), sum);
      }
      y[out] = V::sum(sum);
    }
  }
}

template <class V, class E, std::size_t R, std::size_t C>
void dot_tile(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
              std::size_t rows, std::size_t begin, std::size_t end) noexcept {
  if (rows == C) return add_products<V, E, R, C>(t, block, out, row, begin, end);
  if constexpr (C > 1) dot_tile<V, E, R, C - 1>(t, block, out, row, rows, begin, end);
}

// R weight rows and a group of input rows: one tile, or two that are as even as can be.
template <class V, class E, std::size_t R>
void dot_tiles(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
               std::size_t rows, std::size_t begin, std::size_t end) noexcept {
  const std::size_t first = rows > V::kDotInputs ? (rows + 1) / 2 : rows;
  dot_tile<V, E, R, V::kDotInputs>(t, block, out, row, first, begin, end);
  if (first == rows) return;
  dot_tile<V, E, R, V::kDotInputs>(t, block, out, row + first, rows - first, begin, end);
}

// A block's part of the weights stays in the second-level cache for a piece of k, while the groups
// of input rows pass by. (Tried on Zen 5: a copy of the group's piece in one place, and asking for
// the next group's, both slower.)
template <class V, class E>
void dot_block(const LinearTask& t, DotBlock& block) noexcept {
  const std::size_t whole = t.in_features / 16 * 16;
  for (std::size_t begin = 0; begin < whole; begin += kPieceElements) {
    const std::size_t end = std::min(whole, begin + kPieceElements);
    for (std::size_t row = 0; row < block.rows; row += group_rows<V>(block.rows)) {
      const std::size_t rows = std::min(group_rows<V>(block.rows), block.rows - row);
      std::size_t out = 0;
      for (; out + V::kDotRows <= block.outs; out += V::kDotRows) {
        dot_tiles<V, E, V::kDotRows>(t, block, out, row, rows, begin, end);
      }
      for (; out < block.outs; ++out) dot_tiles<V, E, 1>(t, block, out, row, rows, begin, end);
    }
  }
  finish_block<V, E>(t, block);
}

// One input row, R weight rows.
template <class V, class E, std::size_t R>
void dot_alone(const LinearTask& t, std::size_t out) noexcept {
  const std::size_t k = t.in_features;
  const std::byte* w[R];
  V sum[R];
  for (std::size_t r = 0; r < R; ++r) {
    w[r] = t.w + (out + r) * k * E::kBytes;
    sum[r] = V::splat(0.0F);
  }
  const std::size_t whole = k / 16 * 16;
  for (std::size_t i = 0; i < whole; i += 16) {
    prefetch_next<V, E>(w, i, k);
    const V input = V::load(t.x + i);
    for (std::size_t r = 0; r < R; ++r) {
      sum[r] = V::fma(E::load(w[r] + i * E::kBytes), input, sum[r]);
    }
  }
  const int rest = static_cast<int>(k - whole);
  for (std::size_t r = 0; r < R; ++r) {
    if (rest > 0) {
      const V input = V::load_first(t.x + whole, rest);
      sum[r] = V::fma(E::load_first(w[r] + whole * E::kBytes, rest), input, sum[r]);
    }
    t.y[out + r] = V::sum(sum[r]);
  }
}

template <class V, class E>
void linear(const LinearTask& t) noexcept {
  if (t.rows == 1) {
    std::size_t out = 0;
    for (; out + V::kDotRowsAlone <= t.outs; out += V::kDotRowsAlone) {
      dot_alone<V, E, V::kDotRowsAlone>(t, out);
    }
    for (; out < t.outs; ++out) dot_alone<V, E, 1>(t, out);
    return;
  }
  DotBlock block{reinterpret_cast<Sums*>(t.scratch)};
  const std::size_t rows = even_part(t.rows, kBlockRows);
  for (; block.row < t.rows; block.row += block.rows) {
    block.rows = std::min(rows, t.rows - block.row);
    for (block.out = 0; block.out < t.outs; block.out += block.outs) {
      block.outs = std::min(kBlockOuts, t.outs - block.out);
      dot_block<V, E>(t, block);
    }
  }
}

}  // namespace tlite::generic

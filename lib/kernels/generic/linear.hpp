// Dot products of weight rows with input rows. Lane j of 16 sums k = j mod 16 in rising order (or
// k / 2 = j mod 16, where elements come in pairs), in a tile of any size, and in every tier.
//
// How elements meet is said by D:
//   kWeightBytes, kInputBytes  of an element
//   kPair                      elements that a lane takes in a step: 1 or 2
//   kPhases                    parts of a step, one after the other
//   weights<phase>(at), inputs<phase>(at), add(w, x, sum): operands for a Part of the lanes
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
#include <cstring>

namespace tlite::generic {

// What a tile reads of 8 input rows for a piece of k stays in the first-level cache.
constexpr std::size_t kPieceBytes = 4096;
constexpr std::size_t kFewRows = 8;
// Weight rows and input rows whose sums wait together; those of 8 rows lie side by side and in the
// first-level cache while it is their turn.
constexpr std::size_t kBlockOuts = 48;
constexpr std::size_t kBlockRows = 64;
using Sums = float[kBlockOuts][kFewRows][16];
static_assert(kBlockRows / kFewRows * sizeof(Sums) == kLinearScratchBytes);


// Input rows that share a read of the weights: all where there are few, so that memory is read once
// for them; of a prompt one tile, whose inputs leave room in the first-level cache.
template <class V>
constexpr std::size_t group_rows(std::size_t rows) noexcept {
  return rows <= kFewRows ? kFewRows : V::kDotInputs;
}

// Stored elements, widened, times floats.
template <class V, class E>
struct Widened {
  using Part = typename V::Part;
  static constexpr std::size_t kWeightBytes = E::kBytes;
  static constexpr std::size_t kInputBytes = sizeof(float);
  static constexpr std::size_t kPair = 1;
  static constexpr std::size_t kPhases = 1;

  template <std::size_t>
  TLITE_INLINE static Part weights(const std::byte* at) noexcept {
    return E::load_part(at);
  }
  template <std::size_t>
  TLITE_INLINE static Part inputs(const std::byte* at) noexcept {
    return Part::load(reinterpret_cast<const float*>(at));
  }
  TLITE_INLINE static Part add(Part w, Part x, Part sum) noexcept { return Part::fma(w, x, sum); }
};

template <class D>
constexpr std::size_t kStepElements = 16 * D::kPair;
template <class D>
constexpr std::size_t kPieceElements = kPieceBytes / D::kInputBytes;

struct DotBlock {
  Sums* sums;  // [rows / kFewRows]
  std::size_t row = 0;
  std::size_t rows = 0;
  std::size_t out = 0;
  std::size_t outs = 0;
};

// Asks for the line of the weights that the next tile begins with, where `i` begins a line: rows
// are short for the processor's own prefetching, which stops at 4 KB pages. Into the second level
// (into the first: 10 GB/s where this gives 18).
template <class V, class D, std::size_t R>
TLITE_INLINE inline void prefetch_next(const std::byte* const (&w)[R], std::size_t i,
                                       std::size_t k) noexcept {
  if (i * D::kWeightBytes % 64 != 0) return;
  for (std::size_t r = 0; r < R; ++r) V::prefetch(w[r] + (i + R * k) * D::kWeightBytes);
}

// Adds the products of k in [begin, end), whole steps, to the sums of a tile that starts at weight
// row `out` and input row `row` of the block.
template <class V, class D, std::size_t R, std::size_t C>
void add_products(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
                  std::size_t begin, std::size_t end) noexcept {
  using Part = typename V::Part;
  constexpr std::size_t kLanes = 16 / V::kParts;
  const std::byte* w[R];
  const std::byte* x[C];
  unroll<R>([&](auto r)
                TLITE_INLINE {
                  w[r] = t.w + (block.out + out + r) * t.in_features * D::kWeightBytes;
                });
  unroll<C>([&](auto c) TLITE_INLINE { x[c] = t.x + (block.row + row + c) * t.x_stride; });
  const bool ask = block.row == 0 && row == 0;
  for (std::size_t part = 0; part < V::kParts; ++part) {
    const std::size_t lane = part * kLanes;
    Part sum[R][C];
    const auto each_sum = [&](auto&& use) TLITE_INLINE {
      unroll<R>([&](auto r) TLITE_INLINE {
        unroll<C>([&](auto c)
                      TLITE_INLINE { use(sum[r][c], &block.sums[(row + c) / kFewRows][out + r][(row + c) % kFewRows][lane]); });
      });
    };
    each_sum([&](Part& value, const float* waiting)
                 TLITE_INLINE { value = begin == 0 ? Part::zero() : Part::load(waiting); });
    for (std::size_t i = begin; i < end; i += kStepElements<D>) {
      if (ask && part == 0) prefetch_next<V, D>(w, i, t.in_features);
      const std::size_t at = i + lane * D::kPair;
      unroll<D::kPhases>([&](auto phase) TLITE_INLINE {
        Part weights[R];
        unroll<R>([&](auto r) TLITE_INLINE {
          weights[r] = D::template weights<phase>(w[r] + at * D::kWeightBytes);
        });
        unroll<C>([&](auto c) TLITE_INLINE {
          // GCC would fold a load into each fused step, and R * C loads take as long as the steps.
          Part input = D::template inputs<phase>(x[c] + at * D::kInputBytes);
          input.keep();
          unroll<R>([&](auto r)
                        TLITE_INLINE { sum[r][c] = D::add(weights[r], input, sum[r][c]); });
        });
      });
    }
    each_sum([](const Part& value, float* waiting) TLITE_INLINE { Part::store(waiting, value); });
  }
}

template <class D>
std::size_t whole_steps(const LinearTask& t) noexcept {
  return t.in_features / kStepElements<D> * kStepElements<D>;
}

// The elements behind the last whole step, filled up with zeros to one.
template <class V, class D>
void add_rest(const LinearTask& t, std::size_t out, std::size_t row, float (&sums)[16]) noexcept {
  using Part = typename V::Part;
  const std::size_t whole = whole_steps<D>(t);
  const std::size_t rest = t.in_features - whole;
  std::byte w[kStepElements<D> * D::kWeightBytes] = {};
  std::byte x[kStepElements<D> * D::kInputBytes] = {};
  std::memcpy(w, t.w + (out * t.in_features + whole) * D::kWeightBytes, rest * D::kWeightBytes);
  std::memcpy(x, t.x + row * t.x_stride + whole * D::kInputBytes, rest * D::kInputBytes);
  for (std::size_t lane = 0; lane < 16; lane += 16 / V::kParts) {
    const std::size_t at = lane * D::kPair;
    Part sum = Part::load(sums + lane);
    unroll<D::kPhases>([&](auto phase) TLITE_INLINE {
      sum = D::add(D::template weights<phase>(w + at * D::kWeightBytes),
                   D::template inputs<phase>(x + at * D::kInputBytes), sum);
    });
    Part::store(sums + lane, sum);
  }
}

template <class V, class D>
void finish_block(const LinearTask& t, DotBlock& block) noexcept {
  const std::size_t whole = whole_steps<D>(t);
  for (std::size_t row = 0; row < block.rows; ++row) {
    float* y = t.y + (block.row + row) * t.y_stride + block.out;
    const auto sums = [&](std::size_t out) -> float(&)[16] {
      return block.sums[row / kFewRows][out][row % kFewRows];
    };
    for (std::size_t out = 0; out < block.outs && whole < t.in_features; ++out) {
      if (whole == 0) std::memset(sums(out), 0, sizeof sums(out));
      add_rest<V, D>(t, block.out + out, block.row + row, sums(out));
    }
    std::size_t out = 0;
    if constexpr (requires { V::sum_16(nullptr, 0); }) {
      for (; out + 16 <= block.outs; out += 16) {
        V::store(y + out, V::sum_16(sums(out), kFewRows * 16));
      }
    }
    for (; out < block.outs; ++out) y[out] = V::sum(V::load(sums(out)));
  }
}

template <class V, class D, std::size_t R, std::size_t C>
void dot_tile(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
              std::size_t rows, std::size_t begin, std::size_t end) noexcept {
  if (rows == C) return add_products<V, D, R, C>(t, block, out, row, begin, end);
  if constexpr (C > 1) dot_tile<V, D, R, C - 1>(t, block, out, row, rows, begin, end);
}

// R weight rows and a group of input rows: one tile, or two that are as even as can be.
template <class V, class D, std::size_t R>
void dot_tiles(const LinearTask& t, DotBlock& block, std::size_t out, std::size_t row,
               std::size_t rows, std::size_t begin, std::size_t end) noexcept {
  const std::size_t first = rows > V::kDotInputs ? (rows + 1) / 2 : rows;
  dot_tile<V, D, R, V::kDotInputs>(t, block, out, row, first, begin, end);
  if (first == rows) return;
  dot_tile<V, D, R, V::kDotInputs>(t, block, out, row + first, rows - first, begin, end);
}

// A block's part of the weights stays in the second-level cache for a piece of k, while the groups
// of input rows pass by.
template <class V, class D>
void dot_block(const LinearTask& t, DotBlock& block) noexcept {
  const std::size_t whole = whole_steps<D>(t);
  for (std::size_t begin = 0; begin < whole; begin += kPieceElements<D>) {
    const std::size_t end = std::min(whole, begin + kPieceElements<D>);
    for (std::size_t row = 0; row < block.rows; row += group_rows<V>(block.rows)) {
      const std::size_t rows = std::min(group_rows<V>(block.rows), block.rows - row);
      std::size_t out = 0;
      for (; out + V::kDotRows <= block.outs; out += V::kDotRows) {
        dot_tiles<V, D, V::kDotRows>(t, block, out, row, rows, begin, end);
      }
      for (; out < block.outs; ++out) dot_tiles<V, D, 1>(t, block, out, row, rows, begin, end);
    }
  }
  finish_block<V, D>(t, block);
}

// One input row, R weight rows.
template <class V, class D, std::size_t R>
void dot_alone(const LinearTask& t, std::size_t out) noexcept {
  using Part = typename V::Part;
  constexpr std::size_t kLanes = 16 / V::kParts;
  const std::size_t k = t.in_features;
  const std::size_t whole = whole_steps<D>(t);
  const std::byte* w[R];
  Part sum[R][V::kParts];
  unroll<R>([&](auto r) TLITE_INLINE {
    w[r] = t.w + (out + r) * k * D::kWeightBytes;
    unroll<V::kParts>([&](auto part) TLITE_INLINE { sum[r][part] = Part::zero(); });
  });
  for (std::size_t i = 0; i < whole; i += kStepElements<D>) {
    prefetch_next<V, D>(w, i, k);
    unroll<V::kParts>([&](auto part) TLITE_INLINE {
      const std::size_t at = i + part * kLanes * D::kPair;
      unroll<D::kPhases>([&](auto phase) TLITE_INLINE {
        const auto input = D::template inputs<phase>(t.x + at * D::kInputBytes);
        unroll<R>([&](auto r) TLITE_INLINE {
          const auto weights = D::template weights<phase>(w[r] + at * D::kWeightBytes);
          sum[r][part] = D::add(weights, input, sum[r][part]);
        });
      });
    });
  }
  unroll<R>([&](auto r) TLITE_INLINE {
    float sums[16];
    unroll<V::kParts>([&](auto part)
                          TLITE_INLINE { Part::store(sums + part * kLanes, sum[r][part]); });
    if (whole < k) add_rest<V, D>(t, out + r, 0, sums);
    t.y[out + r] = V::sum(V::load(sums));
  });
}

template <class V, class D>
void linear(const LinearTask& t) noexcept {
  if (t.rows == 1) {
    std::size_t out = 0;
    for (; out + V::kDotRowsAlone <= t.outs; out += V::kDotRowsAlone) {
      dot_alone<V, D, V::kDotRowsAlone>(t, out);
    }
    for (; out < t.outs; ++out) dot_alone<V, D, 1>(t, out);
    return;
  }
  DotBlock block{reinterpret_cast<Sums*>(t.scratch)};
  for (; block.row < t.rows; block.row += block.rows) {
    block.rows = std::min(kBlockRows, t.rows - block.row);
    for (block.out = 0; block.out < t.outs; block.out += block.outs) {
      block.outs = std::min(kBlockOuts, t.outs - block.out);
      dot_block<V, D>(t, block);
    }
  }
}

}  // namespace tlite::generic

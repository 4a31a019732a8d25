// Inputs of quantized and bf16 matrices: rows of f32 turned once into the form that the weights'
// kernels read. The bits do not depend on the processor.
//
// Eight-bit rows hold q = round(x / scale) (nearest even) in [-127, 127] with one scale for 32 or
// 256 values: its largest magnitude / 127. A block that holds a NaN or an infinity gets the scale
// NaN, so that it shows in the output.
#pragma once

#include "kernels/linear.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite {

// Two blocks of 32 values; the sums save the kernels from adding up the codes once more for each
// output: weights kept as unsigned codes owe offset * sum of q, weights with a minimum owe min *
// sum. The pair starts are for dot products that are kept in two 16-bit halves, k % 4 < 2 and the
// others; their factors are the largest that fit: 16 * 16 * 127 and 32 * 8 * 127 are both 32,512.
struct Activation64 {
  std::int8_t q[64];
  float scale[2];
  float sum[2];                   // scale * sum of q
  std::int32_t start[2];          // -128 * sum of q
  std::int16_t pair_start[2][2];  // -16 * sum of the q at k % 4 < 2, and of the others
};
static_assert(sizeof(Activation64) == 96);

// 256 values, with integer sums of q over each 16 and 32 of them.
struct Activation256 {
  std::int8_t q[256];
  float scale;
  std::int16_t sum32[8];
  std::int16_t sum16[16];
  std::int8_t unused[12];  // to whole lines of a cache: matrix instructions load rows of q aligned
  std::int32_t start[16];  // -128 * sum over 16
  std::int16_t pair_start[16][2];  // -32 * sums over half of 16
};
static_assert(sizeof(Activation256) == 448);

// Bytes of one prepared row. Rows are filled up with zeros to the end of a block of 64 (q8_32,
// bf16) or 256 (q8_256). 0 for f32, which is read as it is.
std::size_t activation_row_bytes(ActivationFormat format, std::size_t in_features) noexcept;

// Where the blocks of prepared rows are. bf16 has no blocks: its rows follow each other in any
// order.
struct ActivationStrides {
  std::size_t row;   // bytes from a row's block to the next row's
  std::size_t tile;  // bytes from 64 or 256 values of a row to its next ones
};
ActivationStrides activation_strides(ActivationFormat format, ActivationOrder order,
                                     std::size_t in_features, std::size_t rows) noexcept;

// Prepares x.rows rows of in_features from x.f32 as rows [first, first + x.rows) of the `rows` that
// `out` holds, rows * activation_row_bytes; 4-byte aligned at least, best to 64.
void prepare_activations(ActivationFormat format, ActivationOrder order, const Activations& x,
                         std::size_t in_features, std::size_t first, std::size_t rows,
                         std::byte* out) noexcept;

}  // namespace tlite

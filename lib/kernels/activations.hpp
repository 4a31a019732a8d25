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

// 32 values; the sums save the kernels from adding up the codes once more for each output: weights
// kept as unsigned codes owe offset * sum of q, weights with a minimum owe min * sum. The pair
// starts are for dot products that are kept in two 16-bit halves, k % 4 < 2 and the others; their
// factors are the largest that fit: 16 * 16 * 127 and 32 * 8 * 127 are both 32,512.
struct Activation32 {
  float scale;
  float sum;                   // scale * sum of q
  std::int32_t start;          // -128 * sum of q
  std::int16_t pair_start[2];  // -16 * sum of the q at k % 4 < 2, and of the others
  std::int8_t q[32];
};
static_assert(sizeof(Activation32) == 48);

// 256 values, with integer sums of q over each 16 and 32 of them.
struct Activation256 {
  float scale;
  std::int32_t start[16];          // -128 * sum over 16
  std::int16_t pair_start[16][2];  // -32 * sums over half of 16
  std::int16_t sum16[16];
  std::int16_t sum32[8];
  std::int8_t q[256];
};
static_assert(sizeof(Activation256) == 436);

// Bytes of one prepared row; rows follow each other without a gap, 4-byte aligned at least. Rows
// are filled up with zeros to the end of a pair of blocks (q8_32), of a block (q8_256), of 64
// (bf16). 0 for f32, which is read as it is.
std::size_t activation_row_bytes(ActivationFormat format, std::size_t in_features) noexcept;

// Prepares x.rows rows of in_features from x.f32 into `out` (rows * activation_row_bytes).
void prepare_activations(ActivationFormat format, const Activations& x, std::size_t in_features,
                         std::byte* out) noexcept;

}  // namespace tlite

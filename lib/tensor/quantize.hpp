// Encoders: f32 weights into the element types and block formats of files.
#pragma once

#include "tensor/dtype.hpp"

#include <cstddef>
#include <span>

namespace tlite {

// Encodes `rows` rows of `columns` values, a whole number of `type`'s blocks, into
// rows * columns / block_shape(type).elements blocks at `out` (no alignment needed).
//
// `importance` weighs the squared error of each column, [columns] values >= 0 of which only the
// ratios count; empty means that all columns are equal. f32, f16 and bf16 are rounded to nearest
// even and ignore it.
//
// Without importance Q8_0, Q4_0, Q4_1, Q5_0 and Q5_1 are bit for bit what the gguf package writes;
// all else minimizes the weighted squared error. tests/bench/quantize_bench.cpp measures both the
// error and the speed beside ggml's.
//
// The bytes depend on the values and the importance of their own block alone, so rows may be
// divided among threads in any way, and they are the same on every processor. For block formats a
// NaN counts as 0 and a value beyond what the format reaches as the largest that it does; callers
// refuse what is not finite before. An importance that is NaN or negative counts as 0, +inf as the
// largest float.
void quantize(DataType type, const float* values, std::size_t rows, std::size_t columns,
              std::span<const float> importance, std::byte* out) noexcept;

}  // namespace tlite

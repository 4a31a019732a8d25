// Encoders of the formats whose weights are scale * code - minimum: Q4_1, Q5_1, Q2_K, Q4_K and
// Q5_K. They minimize the weighted squared error.
#pragma once

#include "tensor/block_codes.hpp"
#include "tensor/dtype.hpp"

namespace tlite {

// Four blocks of 32 (Q4_1, Q5_1). `values` within reach, `weights` 0 < w <= 1.
void quantize_affine_32(DataType type, const float* values, const float* weights,
                        BlockCodes (&out)[4]) noexcept;

// One block of 256 (Q2_K, Q4_K, Q5_K).
void quantize_affine_256(DataType type, const float* values, const float* weights,
                         BlockCodes& out) noexcept;

}  // namespace tlite

// Encoders of the formats whose weights are scale * code: Q8_0, Q4_0, Q5_0, IQ4_NL, Q3_K, Q6_K and
// IQ4_XS. They minimize the weighted squared error.
#pragma once

#include "tensor/block_codes.hpp"
#include "tensor/dtype.hpp"

namespace tlite {

// Four blocks of 32 (Q8_0, Q4_0, Q5_0, IQ4_NL). `values` within reach, `weights` 0 < w <= 1.
void quantize_scaled_32(DataType type, const float* values, const float* weights,
                        BlockCodes (&out)[4]) noexcept;

// One block of 256 (Q3_K, Q6_K, IQ4_XS).
void quantize_scaled_256(DataType type, const float* values, const float* weights,
                         BlockCodes& out) noexcept;

}  // namespace tlite

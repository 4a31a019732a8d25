// The plain encoders of the 32-element formats: the scale follows from the extremes of the block,
// every weight goes to the nearest code. Bit for bit what the gguf package's `quantize` gives.
#pragma once

#include "tensor/block_codes.hpp"
#include "tensor/dtype.hpp"

#include <cstddef>

namespace tlite {

// `type`: Q8_0, Q4_0, Q4_1, Q5_0 or Q5_1. `values`: 32, within +-kLargestWeight.
BlockCodes quantize_nearest(DataType type, const float* values) noexcept;

}  // namespace tlite

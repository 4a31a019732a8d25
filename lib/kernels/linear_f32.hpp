// f32 weights through OpenBLAS.
#pragma once

#include "kernels/linear.hpp"

#include <memory>

namespace tlite {

std::unique_ptr<Linear> make_linear_f32(const WeightMatrix& matrix,
                                        std::shared_ptr<Allocator> allocator);

// Its bytes where it is not aligned to 4, else 0.
std::size_t linear_f32_copied_bytes(const WeightMatrix& matrix) noexcept;

// Bytes of scratch that it needs.
std::size_t linear_f32_scratch_bytes(std::size_t in_features) noexcept;

}  // namespace tlite

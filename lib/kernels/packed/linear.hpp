// Quantized matrices behind the Linear interface: packed once, then streamed by the tier's kernels.
#pragma once

#include "base/cpu.hpp"
#include "kernels/linear.hpp"
#include "kernels/packed/job.hpp"

#include <memory>

namespace tlite {

// The kernel of a quantized type in a tier of this build.
const PackedKernel& packed_kernel(DataType type, CpuTier tier) noexcept;

// The largest scratch that a packed matrix of any type asks for.
std::size_t packed_scratch_bytes() noexcept;

// Streams `tiles`, 64-byte aligned, packed_shape(...).bytes() of them, which are there when run()
// is called. `matrix` is of a quantized type; its data is not looked at.
std::unique_ptr<Linear> make_packed_linear(const WeightMatrix& matrix, CpuTier tier,
                                           std::span<const std::byte> tiles);

}  // namespace tlite

// Quantized matrices behind the Linear interface: packed once, then streamed by the tier's kernels.
#pragma once

#include "base/cpu.hpp"
#include "base/parallel.hpp"
#include "kernels/linear.hpp"
#include "kernels/packed/job.hpp"

#include <memory>

#include <tlite/host.hpp>

namespace tlite {

// The kernel of a quantized type in a tier of this build.
const PackedKernel& packed_kernel(DataType type, CpuTier tier) noexcept;

// The largest scratch that a packed matrix of any type asks for.
std::size_t packed_scratch_bytes() noexcept;

// Packs `matrix`, whose type is quantized and whose data is checked; the data is not needed after.
// Packing is spread over `pool` where there is one. Throws out_of_memory, and not_supported where
// in_features is not a multiple of the type's block.
std::unique_ptr<Linear> make_packed_linear(const WeightMatrix& matrix, CpuTier tier,
                                           ThreadPool* pool, std::shared_ptr<Allocator> allocator);

}  // namespace tlite

#include "kernels/neon_i8mm/simd.hpp"
#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon_i8mm {

const PackedKernel bf16 = Bf16Kernel<NeonI8mm>::kernel();

}  // namespace tlite::neon_i8mm

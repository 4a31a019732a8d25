#include "kernels/neon_i8mm/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon_i8mm {

const PackedKernel q3_k = Kernel<NeonI8mm, Q3_K<NeonI8mm>>::kernel();

}  // namespace tlite::neon_i8mm

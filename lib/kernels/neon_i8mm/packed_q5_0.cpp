#include "kernels/neon_i8mm/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon_i8mm {

const PackedKernel q5_0 = Kernel<NeonI8mm, Q5_0<NeonI8mm>>::kernel();

}  // namespace tlite::neon_i8mm

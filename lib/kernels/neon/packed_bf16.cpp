#include "kernels/neon/simd.hpp"
#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel bf16 = Bf16Kernel<Neon>::kernel();

}  // namespace tlite::neon

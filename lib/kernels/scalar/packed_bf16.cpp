#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel bf16 = Bf16Kernel<Scalar>::kernel();

}  // namespace tlite::scalar

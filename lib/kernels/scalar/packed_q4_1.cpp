#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel q4_1 = Kernel<Scalar, Q4_1<Scalar>>::kernel();

}  // namespace tlite::scalar

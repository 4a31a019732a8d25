#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel q5_0 = Kernel<Scalar, Q5_0<Scalar>>::kernel();

}  // namespace tlite::scalar

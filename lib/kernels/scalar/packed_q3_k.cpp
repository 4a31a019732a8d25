#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel q3_k = Kernel<Scalar, Q3_K<Scalar>>::kernel();

}  // namespace tlite::scalar

#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel iq4_xs = Kernel<Scalar, Iq4Xs<Scalar>>::kernel();

}  // namespace tlite::scalar

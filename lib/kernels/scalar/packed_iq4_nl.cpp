#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"
#include "kernels/scalar/simd.hpp"

namespace tlite::scalar {

const PackedKernel iq4_nl = Kernel<Scalar, Iq4Nl<Scalar>>::kernel();

}  // namespace tlite::scalar

#include "kernels/neon/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel iq4_xs = Kernel<Neon, Iq4Xs<Neon>>::kernel();

}  // namespace tlite::neon

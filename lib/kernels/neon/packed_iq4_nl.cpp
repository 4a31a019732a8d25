#include "kernels/neon/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel iq4_nl = Kernel<Neon, Iq4Nl<Neon>>::kernel();

}  // namespace tlite::neon

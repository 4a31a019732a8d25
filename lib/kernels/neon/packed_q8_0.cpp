#include "kernels/neon/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel q8_0 = Kernel<Neon, Q8_0<Neon>>::kernel();

}  // namespace tlite::neon

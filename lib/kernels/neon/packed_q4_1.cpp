#include "kernels/neon/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel q4_1 = Kernel<Neon, Q4_1<Neon>>::kernel();

}  // namespace tlite::neon

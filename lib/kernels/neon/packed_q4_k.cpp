#include "kernels/neon/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::neon {

const PackedKernel q4_k = Kernel<Neon, Q4_K<Neon>>::kernel();

}  // namespace tlite::neon

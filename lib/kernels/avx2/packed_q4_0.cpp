#include "kernels/avx2/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx2 {

const PackedKernel q4_0 = Kernel<Avx2, Q4_0<Avx2>>::kernel();

}  // namespace tlite::avx2

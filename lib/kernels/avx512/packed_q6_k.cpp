#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel q6_k = Kernel<Avx512, Q6_K<Avx512>>::kernel();

}  // namespace tlite::avx512

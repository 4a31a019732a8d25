#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel q5_1 = Kernel<Avx512, Q5_1<Avx512>>::kernel();

}  // namespace tlite::avx512

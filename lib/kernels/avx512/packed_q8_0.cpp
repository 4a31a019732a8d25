#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel q8_0 = Kernel<Avx512, Q8_0<Avx512>>::kernel();

}  // namespace tlite::avx512

#include "kernels/avx512/simd.hpp"
#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel bf16 = Bf16Kernel<Avx512>::kernel();

}  // namespace tlite::avx512

#include "kernels/avx2/simd.hpp"
#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx2 {

const PackedKernel bf16 = Bf16Kernel<Avx2>::kernel();

}  // namespace tlite::avx2

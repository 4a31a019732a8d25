#include "kernels/avx_vnni/simd.hpp"
#include "kernels/packed/bf16_kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx_vnni {

const PackedKernel bf16 = Bf16Kernel<AvxVnni>::kernel();

}  // namespace tlite::avx_vnni

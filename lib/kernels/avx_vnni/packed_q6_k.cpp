#include "kernels/avx_vnni/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx_vnni {

const PackedKernel q6_k = Kernel<AvxVnni, Q6_K<AvxVnni>>::kernel();

}  // namespace tlite::avx_vnni

#include "kernels/avx_vnni/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx_vnni {

const PackedKernel q4_0 = Kernel<AvxVnni, Q4_0<AvxVnni>>::kernel();

}  // namespace tlite::avx_vnni

#include "kernels/avx_vnni/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx_vnni {

const PackedKernel q5_0 = Kernel<AvxVnni, Q5_0<AvxVnni>>::kernel();

}  // namespace tlite::avx_vnni

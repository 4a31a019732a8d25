#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel iq4_xs = Kernel<Avx512, Iq4Xs<Avx512>>::kernel();

}  // namespace tlite::avx512

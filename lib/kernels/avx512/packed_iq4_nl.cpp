#include "kernels/avx512/simd.hpp"
#include "kernels/packed/formats_32.hpp"
#include "kernels/packed/kernel.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::avx512 {

const PackedKernel iq4_nl = Kernel<Avx512, Iq4Nl<Avx512>>::kernel();

}  // namespace tlite::avx512

#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel iq4_xs = MatrixKernel<Iq4Xs<Avx512>, avx512::iq4_xs>::kernel();

}  // namespace tlite::amx

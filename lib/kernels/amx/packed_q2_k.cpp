#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel q2_k = MatrixKernel<Q2_K<Avx512>, avx512::q2_k>::kernel();

}  // namespace tlite::amx

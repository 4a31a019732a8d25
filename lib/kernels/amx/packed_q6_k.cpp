#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel q6_k = MatrixKernel<Q6_K<Avx512>, avx512::q6_k>::kernel();

}  // namespace tlite::amx

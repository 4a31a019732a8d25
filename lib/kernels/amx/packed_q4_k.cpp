#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel q4_k = MatrixKernel<Q4_K<Avx512>, avx512::q4_k>::kernel();

}  // namespace tlite::amx

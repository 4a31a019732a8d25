#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel q3_k = MatrixKernel<Q3_K<Avx512>, avx512::q3_k>::kernel();

}  // namespace tlite::amx

#include "kernels/amx/kernel.hpp"
#include "kernels/packed/formats_256.hpp"
#include "kernels/packed/table.hpp"

namespace tlite::amx {

const PackedKernel q5_k = MatrixKernel<Q5_K<Avx512>, avx512::q5_k>::kernel();

}  // namespace tlite::amx

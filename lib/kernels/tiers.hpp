// The tables that exist in this build.
#pragma once

#include "kernels/ops.hpp"

namespace tlite {

extern const KernelOps kScalarOps;
#if defined(__x86_64__)
extern const KernelOps kAvx2Ops;
extern const KernelOps kAvx512Ops;
#elif defined(__aarch64__)
extern const KernelOps kNeonOps;
#endif

}  // namespace tlite

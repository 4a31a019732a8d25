// The packed kernels: the one of q4_k in avx2 is the object avx2::q4_k. Each is defined in a file
// of its own, compiled for its tier's processors, that lib/KernelTiers.cmake writes into the build
// folder, kernels/<tier>/packed_<format>.cpp, from kernel.cpp.in, bf16_kernel.cpp.in or
// amx/kernel.cpp.in.
#pragma once

#include "kernels/packed/job.hpp"
#include "kernels/tiers.hpp"

// X(tier, format), for one tier
#define TLITE_PACKED_K_FORMATS(X, tier) \
  X(tier, q2_k) X(tier, q3_k) X(tier, q4_k) X(tier, q5_k) X(tier, q6_k) X(tier, iq4_xs)
#define TLITE_PACKED_FORMATS(X, tier) \
  X(tier, bf16)                       \
  X(tier, q8_0)                       \
  X(tier, q4_0)                       \
  X(tier, q4_1) X(tier, q5_0) X(tier, q5_1) X(tier, iq4_nl) TLITE_PACKED_K_FORMATS(X, tier)

namespace tlite {

#define TLITE_DECLARE_KERNEL(tier, format) \
  namespace tier {                         \
  extern const PackedKernel format;        \
  }
#define TLITE_DECLARE_KERNELS(tier, ops, formats) formats(TLITE_DECLARE_KERNEL, tier)
TLITE_KERNEL_TIERS(TLITE_DECLARE_KERNELS)
#undef TLITE_DECLARE_KERNELS
#undef TLITE_DECLARE_KERNEL

}  // namespace tlite

// The tiers of this build: a row each, the one list of them in kernels/. What flags a tier is
// compiled with, and for which formats files are written, stands in lib/KernelTiers.cmake.
#pragma once

// X(tier, its KernelOps, the formats that it has packed kernels of: packed/table.hpp)
#if defined(__x86_64__)
#define TLITE_KERNEL_TIERS(X)                 \
  X(scalar, kScalarOps, TLITE_PACKED_FORMATS) \
  X(avx2, kAvx2Ops, TLITE_PACKED_FORMATS)     \
  X(avx_vnni, kAvx2Ops, TLITE_PACKED_FORMATS) \
  X(avx512, kAvx512Ops, TLITE_PACKED_FORMATS) \
  X(amx, kAvx512Ops, TLITE_PACKED_K_FORMATS)
#elif defined(__aarch64__)
#define TLITE_KERNEL_TIERS(X)                 \
  X(scalar, kScalarOps, TLITE_PACKED_FORMATS) \
  X(neon, kNeonOps, TLITE_PACKED_FORMATS)     \
  X(neon_i8mm, kNeonOps, TLITE_PACKED_FORMATS)
#else
#define TLITE_KERNEL_TIERS(X) X(scalar, kScalarOps, TLITE_PACKED_FORMATS)
#endif

namespace tlite {

struct KernelOps;
#define TLITE_DECLARE_OPS(tier, ops, formats) extern const KernelOps ops;
TLITE_KERNEL_TIERS(TLITE_DECLARE_OPS)
#undef TLITE_DECLARE_OPS

}  // namespace tlite

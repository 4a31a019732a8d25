#include "kernels/ops.hpp"

#include "kernels/tiers.hpp"

#include <cassert>

namespace tlite {

const KernelOps& kernel_ops(CpuTier tier) noexcept {
  assert(cpu_has(tier));
#if defined(__x86_64__)
  if (tier == CpuTier::avx512 || tier == CpuTier::amx) return kAvx512Ops;
  if (tier == CpuTier::avx2 || tier == CpuTier::avx_vnni) return kAvx2Ops;
#elif defined(__aarch64__)
  if (tier == CpuTier::neon || tier == CpuTier::neon_i8mm) return kNeonOps;
#endif
  return kScalarOps;
}

}  // namespace tlite

#include "kernels/ops.hpp"

#include "kernels/tiers.hpp"

#include <cassert>

namespace tlite {

const KernelOps& kernel_ops(CpuTier tier) noexcept {
  assert(cpu_has(tier));
#define TLITE_OPS_OF(of, ops, formats) \
  if (tier == CpuTier::of) return ops;
  TLITE_KERNEL_TIERS(TLITE_OPS_OF)
#undef TLITE_OPS_OF
  return kScalarOps;  // a tier of another architecture
}

}  // namespace tlite

#include "kernels/ops.hpp"

#include "kernels/tiers.hpp"

#include <cassert>

namespace tlite {

const KernelOps& kernel_ops(CpuTier tier) noexcept {
  assert(cpu_has(tier));
#define TLITE_OPS_OF(tier, ops, formats) \
  case CpuTier::tier:                    \
    return ops;
  switch (tier) {
    TLITE_KERNEL_TIERS(TLITE_OPS_OF)
    default:  // of another architecture
      return kScalarOps;
  }
#undef TLITE_OPS_OF
}

}  // namespace tlite

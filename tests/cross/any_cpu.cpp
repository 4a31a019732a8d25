// A processor that has every tier of its architecture: they run under emulation.
#include "base/cpu.hpp"

namespace tlite {

bool cpu_has(CpuTier tier) noexcept {
#if defined(__x86_64__)
  return tier < CpuTier::neon;
#else
  return tier == CpuTier::scalar || tier >= CpuTier::neon;
#endif
}

CpuTier best_cpu_tier() noexcept {
  CpuTier best = CpuTier::scalar;
  for (const CpuTier tier : kCpuTiers) {
    if (cpu_has(tier)) best = tier;
  }
  return best;
}

CpuTier cpu_tier_from_environment() { return best_cpu_tier(); }

}  // namespace tlite

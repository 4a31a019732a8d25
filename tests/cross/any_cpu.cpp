// A processor that has every tier of its architecture: they run under emulation.
#include "base/cpu.hpp"

#include <tlite/error.hpp>

namespace tlite {

std::string_view to_string(CpuTier tier) noexcept {
  constexpr std::string_view kNames[] = {"scalar", "avx2", "avx_vnni", "avx512",
                                         "amx",    "neon", "neon_i8mm"};
  return kNames[static_cast<int>(tier)];
}

bool cpu_has(CpuTier tier) noexcept {
#if defined(__x86_64__)
  return tier < CpuTier::neon;
#else
  return tier == CpuTier::scalar || tier >= CpuTier::neon;
#endif
}

CpuTier best_cpu_tier() noexcept {
#if defined(__x86_64__)
  return CpuTier::amx;
#else
  return CpuTier::neon_i8mm;
#endif
}

CpuTier cpu_tier_from_environment() { return best_cpu_tier(); }

}  // namespace tlite

#include "base/cpu.hpp"

#include <cstdlib>
#include <iterator>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

#include <tlite/error.hpp>

namespace tlite {
namespace {

#if defined(__x86_64__)
// Clang 14's __builtin_cpu_supports does not know f16c: leaf 1, ecx bit 29. It needs the registers
// of AVX, for which the caller asks.
bool has_f16c() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & (1U << 29)) != 0;
}

// Nor GCC 12's avx_vnni: leaf 7.1, eax bit 4.
bool has_avx_vnni() noexcept {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0 || eax < 1) return false;
  return __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) != 0 && (eax & (1U << 4)) != 0;
}

// AMX-TILE and AMX-INT8: leaf 7, edx bits 24 and 25; and the system's leave to use the registers,
// once and for all threads (Documentation/arch/x86/xstate.rst of Linux).
bool has_amx() noexcept {
#if defined(__linux__)
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  constexpr unsigned kTileAndInt8 = 3U << 24;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return false;
  if ((edx & kTileAndInt8) != kTileAndInt8) return false;
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  static const bool permitted = syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
  return permitted;
#else
  return false;
#endif
}
#endif

}  // namespace

bool cpu_has(CpuTier tier) noexcept {
#if defined(__x86_64__)
  // GCC and Clang ask cpuid and xgetbv, so a system that does not save the registers says no.
  __builtin_cpu_init();
  const bool avx2 =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 && has_f16c();
  if (tier == CpuTier::avx2) return avx2;
  if (tier == CpuTier::avx_vnni) return avx2 && has_avx_vnni();
  if (tier == CpuTier::avx512 || tier == CpuTier::amx) {
    const bool avx512 =
        avx2 && __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
        __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0 &&
        __builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("avx512bf16") != 0;
    return avx512 && (tier == CpuTier::avx512 || has_amx());
  }
#elif defined(__aarch64__) && defined(__linux__)
  const bool dot = (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) != 0;
  if (tier == CpuTier::neon) return dot;
  if (tier == CpuTier::neon_i8mm) return dot && (getauxval(AT_HWCAP2) & HWCAP2_I8MM) != 0;
#elif defined(__aarch64__) && defined(__APPLE__)
  if (tier == CpuTier::neon) return true;
#endif
  return tier == CpuTier::scalar;
}

CpuTier best_cpu_tier() noexcept {
  for (std::size_t i = std::size(kCpuTiers); i-- > 1;) {
    if (cpu_has(kCpuTiers[i])) return kCpuTiers[i];
  }
  return CpuTier::scalar;
}

CpuTier cpu_tier_from_environment() {
  const char* name = std::getenv("TLITE_CPU");  // NOLINT(concurrency-mt-unsafe): read-only
  if (name == nullptr || *name == '\0') return best_cpu_tier();
  for (const CpuTier tier : kCpuTiers) {
    if (to_string(tier) != name) continue;
    if (cpu_has(tier)) return tier;
    throw Error(ErrorCode::not_supported, "not supported: TLITE_CPU is '" + std::string(name) +
                                              "', which this processor lacks");
  }
  std::string names;
  for (const CpuTier tier : kCpuTiers) {
    names.append(names.empty() ? "" : ", ").append(to_string(tier));
  }
  throw Error(ErrorCode::invalid_argument,
              "TLITE_CPU is '" + std::string(name) + "'; it takes one of " + names);
}

}  // namespace tlite

// What the processor can do, and which kernels run on it.
#pragma once

#include <string_view>

namespace tlite {

// Instruction set tiers of kernels/, lowest first. All tiers compute the same bits; a tier is a
// matter of speed alone. What else a new one needs: CONTRIBUTING.md.
#define TLITE_CPU_TIERS(X) X(scalar) X(avx2) X(avx_vnni) X(avx512) X(amx) X(neon) X(neon_i8mm)

#define TLITE_ENUMERATOR(tier) tier,
enum class CpuTier { TLITE_CPU_TIERS(TLITE_ENUMERATOR) };
#undef TLITE_ENUMERATOR

#define TLITE_VALUE(tier) CpuTier::tier,
inline constexpr CpuTier kCpuTiers[] = {TLITE_CPU_TIERS(TLITE_VALUE)};
#undef TLITE_VALUE

constexpr std::string_view to_string(CpuTier tier) noexcept {
#define TLITE_NAME(tier) #tier,
  constexpr std::string_view kNames[] = {TLITE_CPU_TIERS(TLITE_NAME)};
#undef TLITE_NAME
  return kNames[static_cast<int>(tier)];
}

// avx2: AVX2, FMA, F16C. avx_vnni: AVX-VNNI besides, the byte dot products of processors without
// AVX-512 (Intel's from Alder Lake on). avx512: AVX2 and F, BW, VL, DQ, VNNI, BF16. amx: avx512 and
// AMX-INT8, the matrix registers of Xeons from Sapphire Rapids on, on Linux. neon: 64-bit
// ARM with the dot product instructions (ARMv8.2); neon_i8mm: with the int8 matrix products besides
// (ARMv8.6: Graviton 3, Apple M2, Cortex-A510 and later). The operating system must save the
// registers, too; those of AMX Linux saves only for a process that has asked for them, which
// cpu_has(amx) does. (From then on an alternate signal stack has to have room for 11 KB of
// registers; Linux refuses where one that there is already has not.)
bool cpu_has(CpuTier tier) noexcept;
CpuTier best_cpu_tier() noexcept;

// The tier that the environment variable TLITE_CPU names by its to_string, else the best. Read when
// a model is loaded. Throws Error(invalid_argument) for another name and Error(not_supported) for a
// tier that this processor lacks.
CpuTier cpu_tier_from_environment();

}  // namespace tlite

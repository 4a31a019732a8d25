// What the processor can do, and which kernels run on it.
#pragma once

#include <string_view>

namespace tlite {

// Instruction set tiers of kernels/, lowest first. All tiers compute the same bits; a tier is a
// matter of speed alone.
enum class CpuTier {
  scalar = 0,
  avx2 = 1,
  avx_vnni = 2,
  avx512 = 3,
  amx = 4,
  neon = 5,
  neon_i8mm = 6
};

inline constexpr CpuTier kCpuTiers[] = {CpuTier::scalar,   CpuTier::avx2, CpuTier::avx_vnni,
                                        CpuTier::avx512,   CpuTier::amx,  CpuTier::neon,
                                        CpuTier::neon_i8mm};

std::string_view to_string(CpuTier tier) noexcept;

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

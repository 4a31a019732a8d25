#include "kernels/avx512/attention_bf16.hpp"
#include "kernels/avx512/vector.hpp"
#include "kernels/generic/table.hpp"
#include "kernels/tiers.hpp"

namespace tlite {
namespace {

struct F16 {
  static constexpr std::size_t kBytes = 2;
  static Vector load(const std::byte* from) noexcept {
    return {_mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)))};
  }
  static Vector load_part(const std::byte* from) noexcept { return load(from); }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    return {_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(lanes), from))};
  }
};

struct Bf16 {
  static constexpr std::size_t kBytes = 2;
  static Vector widen(__m256i stored) noexcept {
    return {_mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(stored), 16))};
  }
  static Vector load(const std::byte* from) noexcept {
    return widen(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
  }
  static Vector load_part(const std::byte* from) noexcept { return load(from); }
  static Vector load_first(const std::byte* from, int lanes) noexcept {
    return widen(_mm256_maskz_loadu_epi16(first_lanes(lanes), from));
  }
};

}  // namespace

constinit const KernelOps kAvx512Ops = [] {
  KernelOps ops = generic::make_ops<Vector, generic::StoredF32<Vector>, F16, Bf16>();
  ops.attend_bf16 = &attend_pairs;
  return ops;
}();

}  // namespace tlite

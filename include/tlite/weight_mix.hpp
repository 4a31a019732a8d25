// The mixes of quantized types that models come in.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <tlite/export.hpp>

namespace tlite {

// Which type each matrix gets, by the names under which GGUF files go around: one type with the
// output matrix in q6_k, and in those with an ending more bits where they count most. f32, f16,
// bf16 and q8_0 are of one type. Norms and biases are always f32. Numbers are part of the ABI.
enum class WeightMix : std::int32_t {
  f32 = 0,
  f16 = 1,
  bf16 = 2,
  q8_0 = 3,
  q4_0 = 4,
  q4_1 = 5,
  q5_0 = 6,
  q5_1 = 7,
  q2_k = 8,
  q3_k_s = 9,
  q3_k_m = 10,
  q3_k_l = 11,
  q4_k_s = 12,
  q4_k_m = 13,
  q5_k_s = 14,
  q5_k_m = 15,
  q6_k = 16,
  iq4_nl = 17,
  iq4_xs = 18,
};

// "q4_k_m", ...; never null.
TLITE_API std::string_view to_string(WeightMix mix) noexcept;
// The mix of that name, whatever the case of its letters.
TLITE_API std::optional<WeightMix> parse_weight_mix(std::string_view name) noexcept;

}  // namespace tlite

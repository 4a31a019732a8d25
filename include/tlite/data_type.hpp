// The types that numbers of weights and KV caches are stored in.
#pragma once

#include <cstdint>
#include <string_view>

#include <tlite/export.hpp>

namespace tlite {

// Storage types of weights and KV caches. The block formats from q8_0 on are GGUF's, of the same
// names; numbers are part of the ABI.
enum class DataType : std::int32_t {
  f32 = 0,
  f16 = 1,
  bf16 = 2,
  q8_0 = 3,
  q4_0 = 4,
  q4_1 = 5,
  q5_0 = 6,
  q5_1 = 7,
  q2_k = 8,
  q3_k = 9,
  q4_k = 10,
  q5_k = 11,
  q6_k = 12,
  iq4_nl = 13,
  iq4_xs = 14,
};

// "f32", "q4_k", ...; never null.
TLITE_API std::string_view to_string(DataType type) noexcept;

}  // namespace tlite

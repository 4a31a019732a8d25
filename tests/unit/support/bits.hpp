// Floats compared as bits: a NaN is itself, and -0 is not 0.
#pragma once

#include <cstring>
#include <span>

namespace tlite::test {

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

}  // namespace tlite::test

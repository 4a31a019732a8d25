// What a tier must know of a format's codes, and where its dot products begin.
#pragma once

#include <cstdint>

namespace tlite {

// weight = code - offset (before scaling), code in [0, max].
struct CodeRange {
  int offset;
  int max;
};

// What the offset owes for the activations of a sub-block, in the two forms of activations.hpp.
struct DotStart {
  std::int32_t whole;        // -128 * their sum
  const std::int16_t* pair;  // null where 32 of them belong to a 256
};

}  // namespace tlite

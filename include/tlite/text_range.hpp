// Bytes of a text.
#pragma once

#include <cstddef>

namespace tlite {

// A half-open range [begin, end) of bytes in a text.
struct TextRange {
  std::size_t begin = 0;
  std::size_t end = 0;
};

}  // namespace tlite

// Loops that must be gone before the compiler looks at registers: an array of vectors that is
// indexed by constants only is kept in registers, one with a run-time index is not.
#pragma once

#include <cstddef>
#include <type_traits>
#include <utility>

#define TLITE_INLINE __attribute__((always_inline))

namespace tlite {

// Calls body(std::integral_constant<std::size_t, I>) for I in [0, N).
template <std::size_t N, class Body>
TLITE_INLINE inline void unroll(Body&& body) {
  [&]<std::size_t... I>(std::index_sequence<I...>) TLITE_INLINE {
    (body(std::integral_constant<std::size_t, I>{}), ...);
  }
  (std::make_index_sequence<N>{});
}

template <std::size_t I>
inline constexpr std::integral_constant<std::size_t, I> constant{};

}  // namespace tlite

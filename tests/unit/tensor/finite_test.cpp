#include "tensor/finite.hpp"

#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("tensor/finite: the first NaN or infinity is found at any place and address") {
  struct Case {
    DataType type;
    std::uint32_t fine;  // the largest finite value
    std::uint32_t bad[3];
  };
  const Case cases[] = {{DataType::f32, 0x7F7FFFFF, {0x7F800000, 0xFF800000, 0x7FC00000}},
                        {DataType::f16, 0x7BFF, {0x7C00, 0xFC00, 0x7E01}},
                        {DataType::bf16, 0x7F7F, {0x7F80, 0xFF80, 0x7FC0}}};
  constexpr std::size_t kElements = 3000;
  for (const Case& c : cases) {
    const std::size_t size = size_of(c.type);
    std::vector<std::byte> bytes(kElements * size + 1);
    const auto put = [&](std::size_t i, std::uint32_t bits) {
      for (std::size_t b = 0; b < size; ++b) {
        bytes[1 + i * size + b] = static_cast<std::byte>(bits >> (8 * b));
      }
    };
    for (std::size_t i = 0; i < kElements; ++i) put(i, c.fine);
    const std::span<const std::byte> data = std::span(bytes).subspan(1);
    CHECK(first_non_finite(c.type, data) == std::nullopt);
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{1023}, std::size_t{1024}, kElements - 1}) {
      for (const std::uint32_t bad : c.bad) {
        put(at, bad);
        put(kElements - 1, bad);
        CHECK(first_non_finite(c.type, data) == at);
        put(at, c.fine);
        put(kElements - 1, c.fine);
      }
    }
  }
}

TEST_CASE("tensor/finite: every format's scales and minimums are looked at") {
  for (const DataType type : kDataTypes) {
    if (!is_quantized(type)) continue;
    const BlockShape shape = block_shape(type);
    // All places of two bytes whose corruption makes a weight NaN are found, and no other.
    for (std::size_t place = 0; place + 2 <= shape.bytes; place += 2) {
      std::vector<std::byte> blocks(3 * shape.bytes, std::byte{0});
      blocks[shape.bytes + place] = std::byte{0x01};
      blocks[shape.bytes + place + 1] = std::byte{0x7E};
      std::vector<float> weights(3 * shape.elements);
      dequantize(type, blocks.data(), weights.size(), weights.data());
      std::optional<std::size_t> expected;
      for (std::size_t i = weights.size(); i-- > 0;) {
        if (std::isnan(weights[i])) expected = i / shape.elements * shape.elements;
      }
      CAPTURE(to_string(type));
      CAPTURE(place);
      CHECK(first_non_finite(type, blocks) == expected);
    }
  }
}

}  // namespace tlite

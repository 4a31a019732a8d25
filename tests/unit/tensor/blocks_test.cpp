#include "tensor/blocks.hpp"

#include <bit>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<char> read_golden(DataType type) {
  const std::string path = std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/blocks/" +
                           std::string(to_string(type)) + ".bin";
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("tensor/blocks: dequantize gives the gguf package's weights, bit for bit") {
  int types = 0;
  for (const DataType type : kDataTypes) {
    if (!is_quantized(type)) continue;
    CAPTURE(to_string(type));
    const BlockShape shape = block_shape(type);
    const std::size_t count = 2 * shape.elements;
    const std::vector<char> golden = read_golden(type);
    REQUIRE(golden.size() == 2 * shape.bytes + count * sizeof(float));
    std::vector<float> expected(count);
    std::memcpy(expected.data(), golden.data() + 2 * shape.bytes, count * sizeof(float));
    std::vector<float> weights(count);
    dequantize(type, reinterpret_cast<const std::byte*>(golden.data()), count, weights.data());
    CHECK(weights == expected);
    ++types;
  }
  CHECK(types == 12);
}

TEST_CASE("tensor/blocks: dequantize widens the plain types") {
  const std::uint16_t half[2] = {0x3C00, 0xC000};
  const std::uint16_t brain[2] = {0x3F80, 0xC000};
  const float full[2] = {1.0F, -2.0F};
  float out[2] = {};
  dequantize(DataType::f16, reinterpret_cast<const std::byte*>(half), 2, out);
  CHECK((out[0] == 1.0F && out[1] == -2.0F));
  dequantize(DataType::bf16, reinterpret_cast<const std::byte*>(brain), 2, out);
  CHECK((out[0] == 1.0F && out[1] == -2.0F));
  dequantize(DataType::f32, reinterpret_cast<const std::byte*>(full), 2, out);
  CHECK((out[0] == 1.0F && out[1] == -2.0F));
}

}  // namespace tlite

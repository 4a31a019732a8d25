#include "tensor/quantize.hpp"

#include "tensor/blocks.hpp"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

std::vector<std::byte> read_golden(const std::string& name) {
  const std::string path =
      std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/quantized/" + name + ".bin";
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes(std::istreambuf_iterator<char>(file), {});
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.data());
  return {begin, begin + bytes.size()};
}

std::size_t bytes_of(DataType type, std::size_t elements) {
  const BlockShape shape = block_shape(type);
  return elements / shape.elements * shape.bytes;
}

std::vector<std::byte> encode(DataType type, const std::vector<float>& values,
                              std::span<const float> importance = {}, std::size_t rows = 1) {
  std::vector<std::byte> blocks(bytes_of(type, values.size()));
  quantize(type, values.data(), rows, values.size() / rows, importance, blocks.data());
  return blocks;
}

}  // namespace

TEST_CASE("tensor/quantize: the plain encoders give the gguf package's bytes") {
  const std::vector<std::byte> bytes = read_golden("values");
  REQUIRE(bytes.size() == 12 * 64 * sizeof(float));
  std::vector<float> values(12 * 64);
  dequantize(DataType::f32, bytes.data(), values.size(), values.data());
  for (const DataType type : {DataType::f16, DataType::bf16, DataType::q8_0, DataType::q4_0,
                              DataType::q4_1, DataType::q5_0, DataType::q5_1}) {
    CAPTURE(to_string(type));
    CHECK(encode(type, values, {}, 12) == read_golden(std::string(to_string(type))));
  }
  CHECK(encode(DataType::f32, values) == bytes);
}

}  // namespace tlite

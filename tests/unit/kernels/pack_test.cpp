// The bytes of packed weights. What kernels make of them is tested in packed_test.cpp.
#include "kernels/packed/pack.hpp"

#include "base/rng.hpp"
#include "tensor/blocks.hpp"

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint64_t fnv1a(const std::vector<std::byte>& bytes) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const std::byte byte : bytes) {
    hash = (hash ^ static_cast<std::uint64_t>(byte)) * 0x100000001B3;
  }
  return hash;
}

// Of 33 rows of 3 random blocks: the last group and, in formats of 32, the last tile are padded.
std::uint64_t packed_hash(DataType type) {
  constexpr std::size_t kRows = 33;
  const BlockShape block = block_shape(type);
  const std::size_t ins = 3 * block.elements;
  std::vector<std::byte> rows(kRows * 3 * block.bytes);
  CounterRng rng(5);
  for (std::byte& byte : rows) byte = static_cast<std::byte>(rng.next_u64() & 0xFFU);
  const PackedShape shape = packed_shape(type, kRows, ins);
  std::vector<std::byte> packed(shape.groups * shape.group_bytes());
  for (std::size_t group = 0; group < shape.groups; ++group) {
    pack_group(type, rows.data(), kRows, ins, group, &packed[group * shape.group_bytes()]);
  }
  return fnv1a(packed);
}

}  // namespace

// A new layout is a new number in pack.hpp, and new hashes here.
TEST_CASE("kernels/pack: layout 2 is these bytes, and another one has another number") {
  REQUIRE(kPackedLayout == 2);
  const struct {
    DataType type;
    std::uint64_t hash;
  } golden[] = {
      {DataType::q8_0, 0x81400CDE9DAA05A1},   {DataType::q4_0, 0x53EF644A92734920},
      {DataType::q4_1, 0x46AD08B89B9F03C2},   {DataType::q5_0, 0x8703E897976D01C0},
      {DataType::q5_1, 0x9FF3FCFCCC7A4133},   {DataType::q2_k, 0x658B2E3EBF3A228A},
      {DataType::q3_k, 0x25580125D4C9A826},   {DataType::q4_k, 0x1172B354E3410128},
      {DataType::q5_k, 0x50A0A6492EDDE6B6},   {DataType::q6_k, 0xAFC27E4258411039},
      {DataType::iq4_nl, 0x53EF644A92734920}, {DataType::iq4_xs, 0x60B0339E1C96CFF8},
  };
  for (const auto& expected : golden) {
    CAPTURE(to_string(expected.type));
    CHECK(packed_hash(expected.type) == expected.hash);
  }
}

}  // namespace tlite

#include "tensor/dtype.hpp"

#include <cassert>

namespace tlite {
namespace {

struct TypeTraits {
  std::string_view name;
  BlockShape shape;
};

constexpr std::array<TypeTraits, kDataTypes.size()> kTraits = {{
    {"f32", {1, 4}},
    {"f16", {1, 2}},
    {"bf16", {1, 2}},
    {"q8_0", {32, 34}},
    {"q4_0", {32, 18}},
    {"q4_1", {32, 20}},
    {"q5_0", {32, 22}},
    {"q5_1", {32, 24}},
    {"q2_k", {256, 84}},
    {"q3_k", {256, 110}},
    {"q4_k", {256, 144}},
    {"q5_k", {256, 176}},
    {"q6_k", {256, 210}},
    {"iq4_nl", {32, 18}},
    {"iq4_xs", {256, 136}},
}};

}  // namespace

std::string_view to_string(DataType type) noexcept {
  const auto index = static_cast<std::size_t>(type);
  return index < kTraits.size() ? kTraits[index].name : "unknown";
}

BlockShape block_shape(DataType type) noexcept {
  return kTraits[static_cast<std::size_t>(type)].shape;
}

std::size_t bytes_of(DataType type, std::size_t elements) noexcept {
  const BlockShape block = block_shape(type);
  assert(elements % block.elements == 0);
  return elements / block.elements * block.bytes;
}

}  // namespace tlite

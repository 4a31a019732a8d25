#include "tensor/finite.hpp"

#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace tlite {
namespace {

// Elements looked at together: a loop without an exit, which the compiler turns into vectors.
constexpr std::size_t kBlock = 1024;

// Not finite is an exponent of all ones: `mask`.
template <class Bits>
std::optional<std::size_t> find(std::span<const std::byte> data, Bits mask) noexcept {
  const std::size_t count = data.size() / sizeof(Bits);
  Bits values[kBlock];
  for (std::size_t begin = 0; begin < count; begin += kBlock) {
    const std::size_t size = std::min(kBlock, count - begin);
    std::memcpy(values, data.data() + begin * sizeof(Bits), size * sizeof(Bits));
    unsigned bad = 0;
    for (std::size_t i = 0; i < size; ++i) {
      bad |= static_cast<unsigned>((values[i] & mask) == mask);
    }
    if (bad == 0) continue;
    const Bits* first =
        std::find_if(values, values + size, [mask](Bits v) { return (v & mask) == mask; });
    return begin + static_cast<std::size_t>(first - values);
  }
  return std::nullopt;
}

// Where in a block its f16 scale and minimum are; the same place twice where there is one.
struct ScalePlaces {
  std::size_t first;
  std::size_t second;
};

ScalePlaces scale_places(DataType type) noexcept {
  switch (type) {
    case DataType::q4_1:
      return {offsetof(BlockQ4_1, d), offsetof(BlockQ4_1, m)};
    case DataType::q5_1:
      return {offsetof(BlockQ5_1, d), offsetof(BlockQ5_1, m)};
    case DataType::q2_k:
      return {offsetof(BlockQ2_K, d), offsetof(BlockQ2_K, dmin)};
    case DataType::q3_k:
      return {offsetof(BlockQ3_K, d), offsetof(BlockQ3_K, d)};
    case DataType::q4_k:
      return {offsetof(BlockQ4_K, d), offsetof(BlockQ4_K, dmin)};
    case DataType::q5_k:
      return {offsetof(BlockQ5_K, d), offsetof(BlockQ5_K, dmin)};
    case DataType::q6_k:
      return {offsetof(BlockQ6_K, d), offsetof(BlockQ6_K, d)};
    default:  // the others begin with their only scale
      return {0, 0};
  }
}

bool is_finite_f16(const std::byte* at) noexcept {
  std::uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  return (bits & 0x7C00U) != 0x7C00U;
}

std::optional<std::size_t> find_block(DataType type, std::span<const std::byte> data) noexcept {
  const BlockShape shape = block_shape(type);
  const ScalePlaces places = scale_places(type);
  for (std::size_t block = 0; block * shape.bytes < data.size(); ++block) {
    const std::byte* at = data.data() + block * shape.bytes;
    if (!is_finite_f16(at + places.first) || !is_finite_f16(at + places.second)) {
      return block * shape.elements;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::size_t> first_non_finite(DataType type,
                                            std::span<const std::byte> data) noexcept {
  switch (type) {
    case DataType::f32:
      return find<std::uint32_t>(data, 0x7F800000U);
    case DataType::f16:
      return find<std::uint16_t>(data, 0x7C00U);
    case DataType::bf16:
      return find<std::uint16_t>(data, 0x7F80U);
    default:
      return find_block(type, data);
  }
}

}  // namespace tlite

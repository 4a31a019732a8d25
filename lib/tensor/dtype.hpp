// Element types and the conversions between them.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include <tlite/data_type.hpp>

namespace tlite {

// Every type, in the order of its number.
inline constexpr std::array kDataTypes = {
    DataType::f32,  DataType::f16,  DataType::bf16, DataType::q8_0,   DataType::q4_0,
    DataType::q4_1, DataType::q5_0, DataType::q5_1, DataType::q2_k,   DataType::q3_k,
    DataType::q4_k, DataType::q5_k, DataType::q6_k, DataType::iq4_nl, DataType::iq4_xs};

// Elements that are stored together, and the bytes they take. A row is a whole number of blocks.
struct BlockShape {
  std::size_t elements;
  std::size_t bytes;
};
BlockShape block_shape(DataType type) noexcept;

// Bytes of `elements` stored ones: a whole number of blocks.
std::size_t bytes_of(DataType type, std::size_t elements) noexcept;

constexpr bool is_quantized(DataType type) noexcept { return type >= DataType::q8_0; }

// Bytes of one element of a type that is not quantized.
constexpr std::size_t size_of(DataType type) noexcept { return type == DataType::f32 ? 4 : 2; }

// bfloat16: the upper half of a float.
constexpr float bf16_to_f32(std::uint16_t bits) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// Round to nearest even; NaN stays NaN (quiet).
constexpr std::uint16_t f32_to_bf16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7FFFFFFFU) > 0x7F800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16) & 1U)) >> 16);
}

// IEEE 754 binary16, by arithmetic on floats (no table): exact for all 65,536 inputs.
constexpr float f16_to_f32(std::uint16_t bits) noexcept {
  const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16;
  const std::uint32_t rest = bits & 0x7FFFU;
  if (rest >= 0x7C00U) return std::bit_cast<float>(sign | 0x7F800000U | (rest & 0x3FFU) << 13);
  if (rest < 0x400U) {
    const float magnitude = static_cast<float>(rest) * 0x1.0p-24F;
    return std::bit_cast<float>(std::bit_cast<std::uint32_t>(magnitude) | sign);
  }
  return std::bit_cast<float>(sign | ((rest << 13) + 0x38000000U));
}

// Round to nearest even; overflow gives infinity, NaN stays NaN.
constexpr std::uint16_t f32_to_f16(float value) noexcept {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t rest = bits & 0x7FFFFFFFU;
  if (rest > 0x7F800000U) return static_cast<std::uint16_t>(sign | 0x7E00U);
  if (rest >= 0x477FF000U) return static_cast<std::uint16_t>(sign | 0x7C00U);
  if (rest < 0x38800000U) {
    // Subnormal: adding 0.5 lines the last bit up with binary16's, the FPU rounds to even.
    const float shifted = std::bit_cast<float>(rest) + 0.5F;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3F000000U));
  }
  const std::uint32_t rounded = rest + 0xFFFU + ((rest >> 13) & 1U);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
}

}  // namespace tlite

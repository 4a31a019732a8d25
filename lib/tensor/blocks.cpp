#include "tensor/blocks.hpp"

#include <bit>
#include <cstring>

namespace tlite {
namespace {

static_assert(std::endian::native == std::endian::little, "files are read in place");
static_assert(sizeof(BlockQ8_0) == 34 && sizeof(BlockQ4_0) == 18 && sizeof(BlockQ4_1) == 20 &&
              sizeof(BlockQ5_0) == 22 && sizeof(BlockQ5_1) == 24 && sizeof(BlockQ2_K) == 84 &&
              sizeof(BlockQ3_K) == 110 && sizeof(BlockQ4_K) == 144 && sizeof(BlockQ5_K) == 176 &&
              sizeof(BlockQ6_K) == 210 && sizeof(BlockIq4Nl) == 18 && sizeof(BlockIq4Xs) == 136);

template <class T>
T load(const std::byte* bytes) noexcept {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return value;
}

constexpr std::int16_t code_of(unsigned code, int offset) noexcept {
  return static_cast<std::int16_t>(static_cast<int>(code) - offset);
}

constexpr unsigned nibble(std::uint8_t byte, bool high) noexcept {
  return high ? byte >> 4U : byte & 0xFU;
}

BlockParts parts_of_32(std::uint16_t d, float m) noexcept {
  BlockParts parts{};
  parts.elements = 32;
  parts.sub = 32;
  parts.scale[0] = f16_to_f32(d);
  parts.min[0] = m;
  return parts;
}

BlockParts apart(const BlockQ8_0& block) noexcept {
  BlockParts parts = parts_of_32(block.d, 0.0F);
  for (std::size_t i = 0; i < 32; ++i) parts.code[i] = block.q[i];
  return parts;
}

void nibble_codes(const std::uint8_t* q, int offset, BlockParts& parts) noexcept {
  for (std::size_t i = 0; i < 32; ++i) parts.code[i] = code_of(nibble(q[i % 16], i >= 16), offset);
}

BlockParts apart(const BlockQ4_0& block) noexcept {
  BlockParts parts = parts_of_32(block.d, 0.0F);
  nibble_codes(block.q, 8, parts);
  return parts;
}

BlockParts apart(const BlockQ4_1& block) noexcept {
  BlockParts parts = parts_of_32(block.d, -f16_to_f32(block.m));
  nibble_codes(block.q, 0, parts);
  return parts;
}

void fifth_bits(const std::uint8_t* high, BlockParts& parts) noexcept {
  for (std::size_t i = 0; i < 32; ++i) {
    parts.code[i] = static_cast<std::int16_t>(parts.code[i] + (high[i / 8] >> i % 8 & 1) * 16);
  }
}

BlockParts apart(const BlockQ5_0& block) noexcept {
  BlockParts parts = parts_of_32(block.d, 0.0F);
  nibble_codes(block.q, 16, parts);
  fifth_bits(block.high, parts);
  return parts;
}

BlockParts apart(const BlockQ5_1& block) noexcept {
  BlockParts parts = parts_of_32(block.d, -f16_to_f32(block.m));
  nibble_codes(block.q, 0, parts);
  fifth_bits(block.high, parts);
  return parts;
}

BlockParts apart(const BlockIq4Nl& block) noexcept {
  BlockParts parts = parts_of_32(block.d, 0.0F);
  for (std::size_t i = 0; i < 32; ++i) {
    parts.code[i] = kIq4Values[nibble(block.q[i % 16], i >= 16)];
  }
  return parts;
}

BlockParts parts_of_256(std::size_t sub) noexcept {
  BlockParts parts{};
  parts.elements = 256;
  parts.sub = sub;
  return parts;
}

// Two bits of element i in the layout that Q2_K, Q3_K and Q6_K's high bits share.
constexpr unsigned crumb(const std::uint8_t* q, std::size_t i) noexcept {
  return q[i / 128 * 32 + i % 32] >> (i / 32 % 4 * 2) & 3U;
}

BlockParts apart(const BlockQ2_K& block) noexcept {
  BlockParts parts = parts_of_256(16);
  const float d = f16_to_f32(block.d);
  const float dmin = f16_to_f32(block.dmin);
  for (std::size_t i = 0; i < 256; ++i) parts.code[i] = code_of(crumb(block.q, i), 0);
  for (std::size_t s = 0; s < 16; ++s) {
    parts.scale[s] = d * static_cast<float>(block.scales[s] & 0xF);
    parts.min[s] = dmin * static_cast<float>(block.scales[s] >> 4);
  }
  return parts;
}

BlockParts apart(const BlockQ3_K& block) noexcept {
  BlockParts parts = parts_of_256(16);
  const float d = f16_to_f32(block.d);
  for (std::size_t i = 0; i < 256; ++i) {
    const unsigned high = block.high[i % 32] >> (i / 32) & 1U;
    parts.code[i] = code_of(crumb(block.q, i) | high << 2U, 4);
  }
  for (std::size_t s = 0; s < 16; ++s) {
    const unsigned low = nibble(block.scales[s % 8], s >= 8);
    const unsigned high = block.scales[8 + s % 4] >> (s / 4 * 2) & 3U;
    parts.scale[s] = d * static_cast<float>(code_of(low | high << 4U, 32));
  }
  return parts;
}

// Sub-blocks 0..3 keep their six bits in bytes 0..3 (scales) and 4..7 (minimums); 4..7 have their
// low nibbles in bytes 8..11 and their high bits on top of the bytes of the first four.
void scales_and_mins(const std::uint8_t* packed, float d, float dmin, BlockParts& parts) noexcept {
  for (std::size_t s = 0; s < 4; ++s) {
    const unsigned scale = packed[s];
    const unsigned min = packed[s + 4];
    const unsigned low = packed[s + 8];
    parts.scale[s] = d * static_cast<float>(scale & 63U);
    parts.min[s] = dmin * static_cast<float>(min & 63U);
    parts.scale[s + 4] = d * static_cast<float>((low & 0xFU) | scale >> 6U << 4U);
    parts.min[s + 4] = dmin * static_cast<float>(low >> 4U | min >> 6U << 4U);
  }
}

BlockParts apart(const BlockQ4_K& block) noexcept {
  BlockParts parts = parts_of_256(32);
  for (std::size_t i = 0; i < 256; ++i) {
    parts.code[i] = code_of(nibble(block.q[i / 64 * 32 + i % 32], i / 32 % 2 != 0), 0);
  }
  scales_and_mins(block.scales, f16_to_f32(block.d), f16_to_f32(block.dmin), parts);
  return parts;
}

BlockParts apart(const BlockQ5_K& block) noexcept {
  BlockParts parts = parts_of_256(32);
  for (std::size_t i = 0; i < 256; ++i) {
    const unsigned low = nibble(block.q[i / 64 * 32 + i % 32], i / 32 % 2 != 0);
    const unsigned high = block.high[i % 32] >> (i / 32) & 1U;
    parts.code[i] = code_of(low | high << 4U, 0);
  }
  scales_and_mins(block.scales, f16_to_f32(block.d), f16_to_f32(block.dmin), parts);
  return parts;
}

BlockParts apart(const BlockQ6_K& block) noexcept {
  BlockParts parts = parts_of_256(16);
  const float d = f16_to_f32(block.d);
  for (std::size_t i = 0; i < 256; ++i) {
    const unsigned low = nibble(block.q[i / 128 * 64 + i % 64], i / 64 % 2 != 0);
    parts.code[i] = code_of(low | crumb(block.high, i) << 4U, 32);
  }
  for (std::size_t s = 0; s < 16; ++s) parts.scale[s] = d * static_cast<float>(block.scales[s]);
  return parts;
}

BlockParts apart(const BlockIq4Xs& block) noexcept {
  BlockParts parts = parts_of_256(32);
  const float d = f16_to_f32(block.d);
  for (std::size_t i = 0; i < 256; ++i) {
    parts.code[i] = kIq4Values[nibble(block.q[i / 32 * 16 + i % 16], i % 32 >= 16)];
  }
  for (std::size_t s = 0; s < 8; ++s) {
    const unsigned low = nibble(block.scales_low[s / 2], s % 2 != 0);
    const unsigned high = static_cast<unsigned>(block.scales_high) >> (2 * s) & 3U;
    parts.scale[s] = d * static_cast<float>(code_of(low | high << 4U, 32));
  }
  return parts;
}

void dequantize_blocks(DataType type, const std::byte* blocks, std::size_t elements,
                       float* out) noexcept {
  const BlockShape shape = block_shape(type);
  for (std::size_t start = 0; start < elements; start += shape.elements, blocks += shape.bytes) {
    const BlockParts parts = take_apart(type, blocks);
    for (std::size_t i = 0; i < parts.elements; ++i) {
      const std::size_t s = i / parts.sub;
      out[start + i] = parts.scale[s] * static_cast<float>(parts.code[i]) - parts.min[s];
    }
  }
}

}  // namespace

BlockParts take_apart(DataType type, const std::byte* block) noexcept {
  switch (type) {
    case DataType::q8_0:
      return apart(load<BlockQ8_0>(block));
    case DataType::q4_0:
      return apart(load<BlockQ4_0>(block));
    case DataType::q4_1:
      return apart(load<BlockQ4_1>(block));
    case DataType::q5_0:
      return apart(load<BlockQ5_0>(block));
    case DataType::q5_1:
      return apart(load<BlockQ5_1>(block));
    case DataType::q2_k:
      return apart(load<BlockQ2_K>(block));
    case DataType::q3_k:
      return apart(load<BlockQ3_K>(block));
    case DataType::q4_k:
      return apart(load<BlockQ4_K>(block));
    case DataType::q5_k:
      return apart(load<BlockQ5_K>(block));
    case DataType::q6_k:
      return apart(load<BlockQ6_K>(block));
    case DataType::iq4_nl:
      return apart(load<BlockIq4Nl>(block));
    case DataType::iq4_xs:
      return apart(load<BlockIq4Xs>(block));
    case DataType::f32:
    case DataType::f16:
    case DataType::bf16:
      break;
  }
  return {};
}

void dequantize(DataType type, const std::byte* blocks, std::size_t elements, float* out) noexcept {
  switch (type) {
    case DataType::f32:
      std::memcpy(out, blocks, elements * sizeof(float));
      return;
    case DataType::f16:
      for (std::size_t i = 0; i < elements; ++i) {
        out[i] = f16_to_f32(load<std::uint16_t>(blocks + 2 * i));
      }
      return;
    case DataType::bf16:
      for (std::size_t i = 0; i < elements; ++i) {
        out[i] = bf16_to_f32(load<std::uint16_t>(blocks + 2 * i));
      }
      return;
    default:
      dequantize_blocks(type, blocks, elements, out);
  }
}

}  // namespace tlite

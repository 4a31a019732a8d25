#include "tensor/block_codes.hpp"

#include "tensor/blocks.hpp"

#include <bit>
#include <cstring>

namespace tlite {
namespace {

constexpr std::uint8_t byte_of(unsigned low, unsigned high) noexcept {
  return static_cast<std::uint8_t>((low & 0xFU) | high << 4U);
}

constexpr void set_bits(std::uint8_t& byte, unsigned bits, std::size_t at) noexcept {
  byte = static_cast<std::uint8_t>(byte | bits << at);
}

// Two codes a byte, `distance` elements apart; fifth and higher bits are dropped.
template <std::size_t kDistance>
void pack_nibbles(const std::uint8_t* code, std::size_t elements, std::uint8_t* q) noexcept {
  for (std::size_t start = 0; start < elements; start += 2 * kDistance, q += kDistance) {
    for (std::size_t i = 0; i < kDistance; ++i) {
      q[i] = byte_of(code[start + i], code[start + kDistance + i]);
    }
  }
}

// Bits 0 and 1 of codes >> kShift, four a byte: Q2_K, Q3_K and the high bits of Q6_K.
template <unsigned kShift>
void pack_crumbs(const std::uint8_t* code, std::uint8_t* q) noexcept {
  for (std::size_t half = 0; half < 2; ++half, code += 128, q += 32) {
    for (std::size_t i = 0; i < 32; ++i) {
      unsigned byte = 0;
      for (std::size_t s = 0; s < 4; ++s) byte |= (code[32 * s + i] >> kShift & 3U) << 2 * s;
      q[i] = static_cast<std::uint8_t>(byte);
    }
  }
}

// Bit kBit of code 32 s + i into bit s of high[i].
template <unsigned kBit>
void pack_high_bits(const std::uint8_t* code, std::uint8_t* high) noexcept {
  for (std::size_t i = 0; i < 32; ++i) {
    unsigned byte = 0;
    for (std::size_t s = 0; s < 8; ++s) byte |= (code[32 * s + i] >> kBit & 1U) << s;
    high[i] = static_cast<std::uint8_t>(byte);
  }
}

void pack(const BlockCodes& codes, BlockQ8_0& block) noexcept {
  block.d = codes.d;
  for (std::size_t i = 0; i < 32; ++i) block.q[i] = std::bit_cast<std::int8_t>(codes.code[i]);
}

// Q4_0 and IQ4_NL.
template <class Block>
void pack_scaled(const BlockCodes& codes, Block& block) noexcept {
  block.d = codes.d;
  pack_nibbles<16>(codes.code.data(), 32, block.q);
}

void pack(const BlockCodes& codes, BlockQ4_0& block) noexcept { pack_scaled(codes, block); }
void pack(const BlockCodes& codes, BlockIq4Nl& block) noexcept { pack_scaled(codes, block); }

void pack(const BlockCodes& codes, BlockQ4_1& block) noexcept {
  pack_scaled(codes, block);
  block.m = codes.dmin;
}

void pack_fifth_bits(const BlockCodes& codes, std::uint8_t (&high)[4]) noexcept {
  for (std::size_t i = 0; i < 32; ++i) set_bits(high[i / 8], codes.code[i] >> 4U & 1U, i % 8);
}

void pack(const BlockCodes& codes, BlockQ5_0& block) noexcept {
  pack_scaled(codes, block);
  pack_fifth_bits(codes, block.high);
}

void pack(const BlockCodes& codes, BlockQ5_1& block) noexcept {
  pack_scaled(codes, block);
  pack_fifth_bits(codes, block.high);
  block.m = codes.dmin;
}

void pack(const BlockCodes& codes, BlockQ2_K& block) noexcept {
  block.d = codes.d;
  block.dmin = codes.dmin;
  for (std::size_t s = 0; s < 16; ++s) block.scales[s] = byte_of(codes.scale[s], codes.min[s]);
  pack_crumbs<0>(codes.code.data(), block.q);
}

void pack(const BlockCodes& codes, BlockQ3_K& block) noexcept {
  block.d = codes.d;
  for (std::size_t s = 0; s < 16; ++s) {
    set_bits(block.scales[s % 8], codes.scale[s] & 0xFU, s / 8 * 4);
    set_bits(block.scales[8 + s % 4], codes.scale[s] >> 4U, s / 4 * 2);
  }
  pack_crumbs<0>(codes.code.data(), block.q);
  pack_high_bits<2>(codes.code.data(), block.high);
}

// Q4_K and Q5_K: see scales_and_mins in blocks.cpp.
template <class Block>
void pack_scaled_256(const BlockCodes& codes, Block& block) noexcept {
  block.d = codes.d;
  block.dmin = codes.dmin;
  for (std::size_t s = 0; s < 4; ++s) {
    const unsigned scale = codes.scale[s + 4];
    const unsigned min = codes.min[s + 4];
    block.scales[s] = static_cast<std::uint8_t>(codes.scale[s] | scale >> 4U << 6U);
    block.scales[s + 4] = static_cast<std::uint8_t>(codes.min[s] | min >> 4U << 6U);
    block.scales[s + 8] = byte_of(scale, min & 0xFU);
  }
  pack_nibbles<32>(codes.code.data(), 256, block.q);
}

void pack(const BlockCodes& codes, BlockQ4_K& block) noexcept { pack_scaled_256(codes, block); }

void pack(const BlockCodes& codes, BlockQ5_K& block) noexcept {
  pack_scaled_256(codes, block);
  pack_high_bits<4>(codes.code.data(), block.high);
}

void pack(const BlockCodes& codes, BlockQ6_K& block) noexcept {
  block.d = codes.d;
  for (std::size_t s = 0; s < 16; ++s) block.scales[s] = std::bit_cast<std::int8_t>(codes.scale[s]);
  pack_nibbles<64>(codes.code.data(), 256, block.q);
  pack_crumbs<4>(codes.code.data(), block.high);
}

void pack(const BlockCodes& codes, BlockIq4Xs& block) noexcept {
  block.d = codes.d;
  for (std::size_t s = 0; s < 8; ++s) {
    set_bits(block.scales_low[s / 2], codes.scale[s] & 0xFU, s % 2 * 4);
    block.scales_high =
        static_cast<std::uint16_t>(block.scales_high | codes.scale[s] >> 4U << 2 * s);
  }
  pack_nibbles<16>(codes.code.data(), 256, block.q);
}

template <class Block>
void store(const BlockCodes& codes, std::byte* out) noexcept {
  Block block{};
  pack(codes, block);
  std::memcpy(out, &block, sizeof block);
}

}  // namespace

void put_together(DataType type, const BlockCodes& codes, std::byte* block) noexcept {
  switch (type) {
    case DataType::q8_0:
      return store<BlockQ8_0>(codes, block);
    case DataType::q4_0:
      return store<BlockQ4_0>(codes, block);
    case DataType::q4_1:
      return store<BlockQ4_1>(codes, block);
    case DataType::q5_0:
      return store<BlockQ5_0>(codes, block);
    case DataType::q5_1:
      return store<BlockQ5_1>(codes, block);
    case DataType::q2_k:
      return store<BlockQ2_K>(codes, block);
    case DataType::q3_k:
      return store<BlockQ3_K>(codes, block);
    case DataType::q4_k:
      return store<BlockQ4_K>(codes, block);
    case DataType::q5_k:
      return store<BlockQ5_K>(codes, block);
    case DataType::q6_k:
      return store<BlockQ6_K>(codes, block);
    case DataType::iq4_nl:
      return store<BlockIq4Nl>(codes, block);
    case DataType::iq4_xs:
      return store<BlockIq4Xs>(codes, block);
    case DataType::f32:
    case DataType::f16:
    case DataType::bf16:
      return;
  }
}

}  // namespace tlite

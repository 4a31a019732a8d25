// A block as the encoders think of it, before its bits are packed: the inverse of take_apart.
#pragma once

#include "tensor/dtype.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tlite {

// Everything is kept as the file stores it: codes, scales and minimums with their offsets (Q3_K's
// scale s is s + 32 here), f16 as bits. Blocks of 32 have one scale, `d`, and no sub-blocks.
struct BlockCodes {
  std::array<std::uint8_t, 256> code;
  std::array<std::uint8_t, 16> scale;
  std::array<std::uint8_t, 16> min;
  std::uint16_t d;
  std::uint16_t dmin;  // Q4_1 and Q5_1: m
};

// Writes one block of a quantized type.
void put_together(DataType type, const BlockCodes& codes, std::byte* block) noexcept;

}  // namespace tlite

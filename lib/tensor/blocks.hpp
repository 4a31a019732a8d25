// Quantized weights as GGUF files store them: the byte layout of each block format, and its scalar
// codec. The layouts are those of ggml's `block_*` structures (ggml-common.h); numbers are little
// endian, f16 is IEEE binary16.
//
// A weight is  scale * (code - offset) - min  with the code a small unsigned integer (IQ4: an index
// into kIq4Values). In the K formats a block of 256 is cut into sub-blocks of 16 or 32, whose
// scales and minimums are small integers times the block's f16 `d` and `dmin`.
#pragma once

#include "tensor/dtype.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace tlite {

// 32 codes of 8 bits, two's complement.
struct BlockQ8_0 {
  std::uint16_t d;
  std::int8_t q[32];
};

// Byte i: element i in the low nibble, element i + 16 in the high one. code - 8.
struct BlockQ4_0 {
  std::uint16_t d;
  std::uint8_t q[16];
};

// As Q4_0; weight = d * code + m.
struct BlockQ4_1 {
  std::uint16_t d;
  std::uint16_t m;
  std::uint8_t q[16];
};

// Low four bits as Q4_0; bit i of `high` (little endian) is bit 4 of element i. code - 16.
struct BlockQ5_0 {
  std::uint16_t d;
  std::uint8_t high[4];
  std::uint8_t q[16];
};

// As Q5_0; weight = d * code + m.
struct BlockQ5_1 {
  std::uint16_t d;
  std::uint16_t m;
  std::uint8_t high[4];
  std::uint8_t q[16];
};

// 16 sub-blocks of 16. scales[s]: scale in the low nibble, minimum in the high one. Element
// 128 h + 32 s + i: bits 2 s of q[32 h + i].
struct BlockQ2_K {
  std::uint8_t scales[16];
  std::uint8_t q[64];
  std::uint16_t d;
  std::uint16_t dmin;
};

// 16 sub-blocks of 16. Low two bits as Q2_K; bit 4 h + s of high[i] is bit 2 of element
// 128 h + 32 s + i. code - 4. Sixteen 6-bit scales, minus 32: the low nibbles in scales[0..8), two
// high bits in scales[8..12).
struct BlockQ3_K {
  std::uint8_t high[32];
  std::uint8_t q[64];
  std::uint8_t scales[12];
  std::uint16_t d;
};

// 8 sub-blocks of 32. Element 64 p + i: low nibble of q[32 p + i], element 64 p + 32 + i the high
// one. Eight 6-bit scales and minimums in 12 bytes, see scales_and_mins in blocks.cpp.
struct BlockQ4_K {
  std::uint16_t d;
  std::uint16_t dmin;
  std::uint8_t scales[12];
  std::uint8_t q[128];
};

// As Q4_K; bit s of high[i] is bit 4 of element 32 s + i.
struct BlockQ5_K {
  std::uint16_t d;
  std::uint16_t dmin;
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t q[128];
};

// 16 sub-blocks of 16 with 8-bit scales. Element 128 h + 32 s + i: a nibble of q[64 h + 32 (s % 2)
// + i], low for s < 2, and bits 2 s of high[32 h + i] above it. code - 32.
struct BlockQ6_K {
  std::uint8_t q[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  std::uint16_t d;
};

// As Q4_0, with kIq4Values[code] for code - 8.
struct BlockIq4Nl {
  std::uint16_t d;
  std::uint8_t q[16];
};

// 8 sub-blocks of 32, each as in IQ4_NL. 6-bit scales, minus 32: low nibbles in scales_low, two
// high bits at 2 s of scales_high.
struct BlockIq4Xs {
  std::uint16_t d;
  std::uint16_t scales_high;
  std::uint8_t scales_low[4];
  std::uint8_t q[128];
};

// The non-linear 4-bit code book of the IQ4 formats.
inline constexpr std::array<std::int8_t, 16> kIq4Values = {
    -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

// The same + 128: the form in which the kernels look them up.
inline constexpr std::array<std::uint8_t, 16> kIq4Codes = {1,   24,  45,  63,  79,  93,  106, 118,
                                                           129, 141, 153, 166, 181, 197, 217, 241};

// One block taken apart: what the codec and the tests work on.
struct BlockParts {
  std::size_t elements;                // 32 or 256
  std::size_t sub;                     // elements that share a scale: 16 or 32
  std::array<std::int16_t, 256> code;  // code - offset, or the code book's value
  std::array<float, 16> scale;         // d * sub-block scale, exact in f32
  std::array<float, 16> min;           // what is subtracted; zeros where the format has none
};

// `block` needs no alignment. `type` is a quantized one.
BlockParts take_apart(DataType type, const std::byte* block) noexcept;

// [elements] weights as f32, each rounded once from scale * code and once from the subtraction, as
// the gguf package's dequantize does; `elements` is a whole number of blocks. All types, f32 too.
void dequantize(DataType type, const std::byte* blocks, std::size_t elements, float* out) noexcept;

}  // namespace tlite

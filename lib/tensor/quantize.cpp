#include "tensor/quantize.hpp"

#include "tensor/block_codes.hpp"
#include "tensor/quantize_affine.hpp"
#include "tensor/quantize_nearest.hpp"
#include "tensor/quantize_range.hpp"
#include "tensor/quantize_scaled.hpp"

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>

namespace tlite {
namespace {

constexpr std::size_t kMostElements = 256;

template <class Convert>
void convert_to_16_bits(const float* values, std::size_t count, std::byte* out,
                        Convert convert) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t bits = convert(values[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

bool has_min(DataType type) noexcept {
  return type == DataType::q4_1 || type == DataType::q5_1 || type == DataType::q2_k ||
         type == DataType::q4_k || type == DataType::q5_k;
}

// Up to 256 columns, brought into the encoders' range: a whole number of blocks, and room behind
// them for the blocks that fill the lanes.
struct Stretch {
  float values[kMostElements];
  float weights[kMostElements];

  void set_values(const float* from, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i) values[i] = within_reach(from[i]);
    std::fill(values + count, values + kMostElements, 0.0F);
  }

  // Relative to the largest of each block. Columns that never mattered still get a
  // little: sums of weights of zero would have no solution, and 1e-6 moves no other column's code.
  void set_weights(const float* from, std::size_t count, std::size_t block) noexcept {
    constexpr float kLeast = 1e-6F;
    constexpr float kMost = std::numeric_limits<float>::max();
    std::fill(weights, weights + kMostElements, 1.0F);
    for (std::size_t start = 0; start < count; start += block) {
      float largest = 0.0F;
      for (std::size_t i = start; i < start + block; ++i) {
        weights[i] = from[i] > 0.0F ? std::min(from[i], kMost) : 0.0F;
        largest = std::max(largest, weights[i]);
      }
      for (std::size_t i = start; i < start + block; ++i) {
        weights[i] = largest > 0.0F ? std::max(weights[i] / largest, kLeast) : 1.0F;
      }
    }
  }
};

void encode_256(DataType type, const Stretch& stretch, std::byte* out) noexcept {
  BlockCodes codes;
  const auto encode = has_min(type) ? quantize_affine_256 : quantize_scaled_256;
  encode(type, stretch.values, stretch.weights, codes);
  put_together(type, codes, out);
}

// Up to 8 blocks, 4 at a time.
void encode_32(DataType type, const Stretch& stretch, std::size_t count, std::byte* out) noexcept {
  const std::size_t bytes = block_shape(type).bytes;
  const auto encode = has_min(type) ? quantize_affine_32 : quantize_scaled_32;
  for (std::size_t start = 0; start < count; start += 128) {
    BlockCodes codes[4];
    encode(type, stretch.values + start, stretch.weights + start, codes);
    for (std::size_t b = 0; b < 4 && start + 32 * b < count; ++b, out += bytes) {
      put_together(type, codes[b], out);
    }
  }
}

void encode_nearest(DataType type, const Stretch& stretch, std::size_t count,
                    std::byte* out) noexcept {
  const std::size_t bytes = block_shape(type).bytes;
  for (std::size_t start = 0; start < count; start += 32, out += bytes) {
    put_together(type, quantize_nearest(type, stretch.values + start), out);
  }
}

void quantize_row(DataType type, const float* values, std::size_t columns,
                  std::span<const float> importance, std::byte* out) noexcept {
  const BlockShape shape = block_shape(type);
  const bool nearest = importance.empty() && shape.elements == 32 && type != DataType::iq4_nl;
  Stretch stretch;
  std::fill(stretch.weights, stretch.weights + kMostElements, 1.0F);
  for (std::size_t start = 0; start < columns; start += kMostElements) {
    const std::size_t count = std::min(columns - start, kMostElements);
    stretch.set_values(values + start, count);
    if (!importance.empty()) {
      stretch.set_weights(importance.data() + start, count, shape.elements);
    }
    if (nearest) {
      encode_nearest(type, stretch, count, out);
    } else if (shape.elements == 32) {
      encode_32(type, stretch, count, out);
    } else {
      encode_256(type, stretch, out);
    }
    out += bytes_of(type, count);
  }
}

}  // namespace

void quantize(DataType type, const float* values, std::size_t rows, std::size_t columns,
              std::span<const float> importance, std::byte* out) noexcept {
  assert(columns % block_shape(type).elements == 0);
  assert(importance.empty() || importance.size() == columns);
  const std::size_t count = rows * columns;
  switch (type) {
    case DataType::f32:
      if (count > 0) std::memcpy(out, values, count * sizeof(float));
      return;
    case DataType::f16:
      return convert_to_16_bits(values, count, out, f32_to_f16);
    case DataType::bf16:
      return convert_to_16_bits(values, count, out, f32_to_bf16);
    default:
      break;
  }
  const std::size_t row_bytes = bytes_of(type, columns);
  for (std::size_t row = 0; row < rows; ++row, out += row_bytes) {
    quantize_row(type, values + row * columns, columns, importance, out);
  }
}

}  // namespace tlite

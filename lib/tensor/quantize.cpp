#include "tensor/quantize.hpp"

#include "tensor/block_codes.hpp"
#include "tensor/quantize_nearest.hpp"
#include "tensor/quantize_range.hpp"

#include <cassert>
#include <cstdint>
#include <cstring>

namespace tlite {
namespace {

template <class Convert>
void convert_to_16_bits(const float* values, std::size_t count, std::byte* out,
                        Convert convert) noexcept {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint16_t bits = convert(values[i]);
    std::memcpy(out + 2 * i, &bits, sizeof bits);
  }
}

void quantize_blocks_of_32(DataType type, const float* values, std::size_t count,
                           std::byte* out) noexcept {
  const BlockShape shape = block_shape(type);
  for (std::size_t start = 0; start < count; start += 32, out += shape.bytes) {
    float block[32];
    for (std::size_t i = 0; i < 32; ++i) block[i] = within_reach(values[start + i]);
    put_together(type, quantize_nearest(type, block), out);
  }
}

}  // namespace

void quantize(DataType type, const float* values, std::size_t rows, std::size_t columns,
              [[maybe_unused]] std::span<const float> importance, std::byte* out) noexcept {
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
      return quantize_blocks_of_32(type, values, count, out);
  }
}

}  // namespace tlite

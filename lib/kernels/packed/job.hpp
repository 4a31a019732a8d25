// What one call of a packed kernel works on, and the kernels of a (format, tier).
//
// Packed weights: 16 output rows form a group; a group is a row of tiles, a tile is 64 or 256 of k;
// a tile is a number of planes (formats_32.hpp, formats_256.hpp), a plane is one 32-bit word for
// each of the 16 rows: 64 bytes, a vector register. So every lane is an output row, in every tier.
#pragma once

#include "kernels/activations.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite {

inline constexpr std::size_t kLanes = 16;
inline constexpr std::size_t kPlaneBytes = kLanes * 4;

struct PackedJob {
  const std::byte* tiles;  // [groups][tiles_per_group]
  std::size_t groups;
  std::size_t tiles_per_group;
  const std::byte* x;  // prepared activations
  ActivationStrides x_stride;
  std::size_t rows;
  float* y;  // y[row * y_stride + out], out in [0, outs)
  std::size_t y_stride;
  std::size_t outs;  // 16 * groups, less where the last group is padding
  std::byte* scratch;
};

struct PackedKernel {
  void (*run)(const PackedJob& job) noexcept;
  std::size_t scratch_bytes;
  ActivationOrder order = ActivationOrder::rows;
};

}  // namespace tlite

// Rows of quantized blocks or bf16, as files store them, to the tiles that the kernels stream.
#pragma once

#include "kernels/linear.hpp"
#include "kernels/packed/job.hpp"
#include "tensor/dtype.hpp"

#include <cstddef>
#include <cstdint>

namespace tlite {

// Counts the layouts that there have been, for what is kept between two runs of a program. To be
// raised with every change of what pack_group writes: the test of its golden bytes notices one.
inline constexpr std::uint32_t kPackedLayout = 2;

// There are kernels for it: every quantized type, and bf16.
constexpr bool is_packed(DataType type) noexcept {
  return is_quantized(type) || type == DataType::bf16;
}

// The form in which the kernels of a packed type read their inputs.
ActivationFormat packed_inputs(DataType type) noexcept;

struct PackedShape {
  std::size_t tile_elements;    // of k: 64 or 256
  std::size_t tile_bytes;       // of 16 rows
  std::size_t tiles_per_group;  // k, rounded up to whole tiles
  std::size_t groups;           // output rows / 16, rounded up

  std::size_t group_bytes() const noexcept { return tile_bytes * tiles_per_group; }
  std::size_t bytes() const noexcept { return group_bytes() * groups; }
};

// `type` is packed, in_features a multiple of its block.
PackedShape packed_shape(DataType type, std::size_t out_features, std::size_t in_features) noexcept;

// Packs group `group` of `rows` ([out_features][in_features / block] blocks) into `out`, which
// takes packed_shape(...).group_bytes(). What is missing to whole groups and tiles is filled with
// weights of zero.
void pack_group(DataType type, const std::byte* rows, std::size_t out_features,
                std::size_t in_features, std::size_t group, std::byte* out) noexcept;

}  // namespace tlite

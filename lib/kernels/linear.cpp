// Weights streamed as stored, and the choice between the kinds of Linear.
#include "kernels/linear.hpp"

#include "kernels/linear_f32.hpp"
#include "kernels/ops.hpp"
#include "kernels/packed/linear.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tlite {
namespace {

// Small enough that a chunk of weights stays in the second-level cache while the rows of a prompt
// go over it, large enough that claiming one costs nothing beside reading it. In features, a
// multiple of the tiles of all tiers.
constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;

class LinearStored final : public Linear {
 public:
  LinearStored(const WeightMatrix& matrix, CpuTier tier)
      : Linear(matrix.out_features, matrix.in_features),
        data_(matrix.data.data()),
        row_bytes_(matrix.in_features * size_of(matrix.type)),
        chunk_features_(std::clamp<std::size_t>(kChunkBytes / row_bytes_ / 12 * 12, 12, 504)),
        kernel_(kernel_ops(tier).linear[static_cast<int>(matrix.type)]) {}

  ActivationFormat activation_format() const noexcept override { return ActivationFormat::f32; }
  std::size_t chunks() const noexcept override {
    return (out_features() + chunk_features_ - 1) / chunk_features_;
  }
  std::size_t scratch_bytes() const noexcept override { return 0; }

  void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
           std::span<std::byte>) const noexcept override {
    const std::size_t first = chunk * chunk_features_;
    kernel_({.w = data_ + first * row_bytes_,
             .in_features = in_features(),
             .outs = std::min(chunk_features_, out_features() - first),
             .x = x.f32,
             .x_stride = x.stride,
             .rows = x.rows,
             .y = y + first,
             .y_stride = y_stride});
  }

 private:
  const std::byte* data_;
  std::size_t row_bytes_;
  std::size_t chunk_features_;
  KernelOps::Linear kernel_;
};

}  // namespace

std::unique_ptr<Linear> make_linear(const WeightMatrix& matrix, CpuTier tier,
                                    std::shared_ptr<Allocator> allocator) {
  assert(!is_quantized(matrix.type));
  // Measured on Zen 4, K 2048, one thread: OpenBLAS in tiles of one shape reaches 2.4 GFLOP/s at
  // one row and 20 at 64, these kernels 6.9 and 88. And Debian's OpenBLAS must take turns (see
  // linear_f32.cpp). So it serves the processors without a tuned kernel.
  const bool tuned = &kernel_ops(tier) != &kernel_ops(CpuTier::scalar);
  if (matrix.type == DataType::f32 && !tuned) return make_linear_f32(matrix, std::move(allocator));
  return std::make_unique<LinearStored>(matrix, tier);
}

std::size_t linear_scratch_bytes(std::size_t in_features) noexcept {
  return std::max(linear_f32_scratch_bytes(in_features), packed_scratch_bytes());
}

}  // namespace tlite

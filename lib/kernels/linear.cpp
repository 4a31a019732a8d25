// Weights streamed as stored, and the choice between the kinds of Linear.
#include "kernels/linear.hpp"

#include "kernels/activations.hpp"
#include "kernels/linear_f32.hpp"
#include "kernels/ops.hpp"
#include "kernels/packed/linear.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace tlite {
namespace {

// Large enough that claiming a chunk costs nothing beside reading it. In features, a multiple of the
// tiles of all tiers.
constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;

// All chunks of a prompt read its rows again. Where these are larger than what a last-level cache
// keeps of them, they come from memory each time: so many rows go over all of the weights before
// the next ones do. Zen 5, 2 threads, 512 rows of 18,944, bf16 weights, GFLOP/s in passes of 5 MB,
// of 10 MB, in one: with f32 inputs 395, 372, 335; with bf16 inputs 678, 660, 636.
constexpr std::size_t kPassBytes = std::size_t{5} << 20;
constexpr std::size_t kLeastPassRows = 64;

class LinearStored final : public Linear {
 public:
  LinearStored(const WeightMatrix& matrix, ActivationFormat format, KernelOps::Linear kernel)
      : Linear(matrix.out_features, matrix.in_features),
        data_(matrix.data.data()),
        row_bytes_(matrix.in_features * size_of(matrix.type)),
        chunk_features_(std::clamp<std::size_t>(kChunkBytes / row_bytes_ / 12 * 12, 24, 504)),
        format_(format),
        kernel_(kernel) {
    const std::size_t input_bytes = format == ActivationFormat::f32
                                        ? matrix.in_features * sizeof(float)
                                        : activation_row_bytes(format, matrix.in_features);
    most_pass_rows_ = std::max(kPassBytes / input_bytes / 8 * 8, kLeastPassRows);
  }

  ActivationFormat activation_format() const noexcept override { return format_; }
  std::size_t chunks(std::size_t rows) const noexcept override {
    return passes(rows) * feature_chunks();
  }
  std::size_t scratch_bytes() const noexcept override { return kLinearScratchBytes; }

  void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
           std::span<std::byte> scratch) const noexcept override {
    const std::size_t first = chunk % feature_chunks() * chunk_features_;
    // As even as can be, in the rows of a tile.
    const std::size_t pass_rows = (x.rows + 8 * passes(x.rows) - 1) / (8 * passes(x.rows)) * 8;
    const std::size_t row = chunk / feature_chunks() * pass_rows;
    if (row >= x.rows) return;
    const bool prepared = format_ != ActivationFormat::f32;
    const std::size_t x_stride =
        prepared ? activation_row_bytes(format_, in_features()) : x.stride * sizeof(float);
    const std::byte* const inputs =
        prepared ? x.prepared : reinterpret_cast<const std::byte*>(x.f32);
    kernel_({.w = data_ + first * row_bytes_,
             .in_features = in_features(),
             .outs = std::min(chunk_features_, out_features() - first),
             .x = inputs + row * x_stride,
             .x_stride = x_stride,
             .rows = std::min(pass_rows, x.rows - row),
             .y = y + row * y_stride + first,
             .y_stride = y_stride,
             .scratch = scratch.data()});
  }

 private:
  std::size_t passes(std::size_t rows) const noexcept {
    return (rows + most_pass_rows_ - 1) / most_pass_rows_;
  }
  std::size_t feature_chunks() const noexcept {
    return (out_features() + chunk_features_ - 1) / chunk_features_;
  }

  const std::byte* data_;
  std::size_t row_bytes_;
  std::size_t chunk_features_;
  std::size_t most_pass_rows_;
  ActivationFormat format_;
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
  return std::make_unique<LinearStored>(matrix, ActivationFormat::f32,
                                        kernel_ops(tier).linear[static_cast<int>(matrix.type)]);
}

std::unique_ptr<Linear> make_bf16_linear(const WeightMatrix& matrix, CpuTier tier) {
  assert(matrix.type == DataType::bf16);
  return std::make_unique<LinearStored>(matrix, ActivationFormat::bf16,
                                        kernel_ops(tier).linear_bf16);
}

std::size_t linear_scratch_bytes(std::size_t in_features) noexcept {
  return std::max(
      {linear_f32_scratch_bytes(in_features), packed_scratch_bytes(), kLinearScratchBytes});
}

}  // namespace tlite

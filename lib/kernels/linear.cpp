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

// Large enough that claiming a chunk costs nothing beside reading it. In features, a multiple of
// the tiles of all tiers.
constexpr std::size_t kChunkBytes = std::size_t{256} * 1024;

// The rows of a prompt in passes: so many go over all of a matrix before the next ones do.
//
// Each chunk of a matrix reads all input rows again. Where these are larger than what a last-level
// cache keeps of them, they come from memory each time. Zen 5, 2 threads, 512 rows of 18,944, bf16
// weights, GFLOP/s in passes of 5 MB, of 10 MB, in one: 395, 372, 335. (Packed weights gain nothing
// by passes, and unpack their strips once more for each.)
class RowPasses {
 public:
  // `row_bytes`: of an input row, as kernels read it.
  explicit RowPasses(std::size_t row_bytes) noexcept
      : most_rows_(std::max(kPassBytes / row_bytes / kStep * kStep, kLeastRows)) {}

  std::size_t count(std::size_t rows) const noexcept {
    return (rows + most_rows_ - 1) / most_rows_;
  }

  // The first row of pass `i` of `rows`; the end of the last, for count(rows), is `rows`. Passes
  // are as even as whole tiles can be, and the last ones may have no rows.
  std::size_t begin(std::size_t rows, std::size_t i) const noexcept {
    const std::size_t passes = count(rows);
    const std::size_t each = (rows + kStep * passes - 1) / (kStep * passes) * kStep;
    return std::min(i * each, rows);
  }

 private:
  static constexpr std::size_t kPassBytes = std::size_t{5} << 20;
  static constexpr std::size_t kLeastRows = 96;
  static constexpr std::size_t kStep = 8;

  std::size_t most_rows_;
};

class LinearStored final : public Linear {
 public:
  LinearStored(const WeightMatrix& matrix, CpuTier tier)
      : Linear(matrix.out_features, matrix.in_features),
        data_(matrix.data.data()),
        row_bytes_(matrix.in_features * size_of(matrix.type)),
        chunk_features_(std::clamp<std::size_t>(kChunkBytes / row_bytes_ / 12 * 12, 24, 504)),
        passes_(matrix.in_features * sizeof(float)),
        kernel_(kernel_ops(tier).linear[static_cast<int>(matrix.type)]) {}

  ActivationFormat activation_format() const noexcept override { return ActivationFormat::f32; }
  std::size_t chunks(std::size_t rows) const noexcept override {
    return passes_.count(rows) * feature_chunks();
  }
  std::size_t scratch_bytes() const noexcept override { return kLinearScratchBytes; }

  void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
           std::span<std::byte> scratch) const noexcept override {
    const std::size_t first = chunk % feature_chunks() * chunk_features_;
    const std::size_t pass = chunk / feature_chunks();
    const std::size_t row = passes_.begin(x.rows, pass);
    const std::size_t rows = passes_.begin(x.rows, pass + 1) - row;
    if (rows == 0) return;
    kernel_({.w = data_ + first * row_bytes_,
             .in_features = in_features(),
             .outs = std::min(chunk_features_, out_features() - first),
             .x = x.f32 + row * x.stride,
             .x_stride = x.stride,
             .rows = rows,
             .y = y + row * y_stride + first,
             .y_stride = y_stride,
             .scratch = scratch.data()});
  }

 private:
  std::size_t feature_chunks() const noexcept {
    return (out_features() + chunk_features_ - 1) / chunk_features_;
  }

  const std::byte* data_;
  std::size_t row_bytes_;
  std::size_t chunk_features_;
  RowPasses passes_;
  KernelOps::Linear kernel_;
};

// Measured on Zen 4, K 2048, one thread: OpenBLAS in tiles of one shape reaches 2.4 GFLOP/s at one
// row and 20 at 64, the tuned kernels 6.9 and 88. And Debian's OpenBLAS must take turns (see
// linear_f32.cpp). So it serves the processors without a tuned kernel.
bool goes_through_openblas(DataType type, CpuTier tier) noexcept {
  return type == DataType::f32 && &kernel_ops(tier) == &kernel_ops(CpuTier::scalar);
}

}  // namespace

std::unique_ptr<Linear> make_linear(const WeightMatrix& matrix, CpuTier tier,
                                    std::shared_ptr<Allocator> allocator) {
  assert(!is_quantized(matrix.type));
  if (goes_through_openblas(matrix.type, tier)) {
    return make_linear_f32(matrix, std::move(allocator));
  }
  return std::make_unique<LinearStored>(matrix, tier);
}

std::size_t copied_bytes(const WeightMatrix& matrix, CpuTier tier) noexcept {
  return goes_through_openblas(matrix.type, tier) ? linear_f32_copied_bytes(matrix) : 0;
}

std::size_t linear_scratch_bytes(std::size_t in_features) noexcept {
  return std::max(
      {linear_f32_scratch_bytes(in_features), packed_scratch_bytes(), kLinearScratchBytes});
}

}  // namespace tlite

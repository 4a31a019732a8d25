// One accumulation order out of a general matrix multiplication: OpenBLAS picks its blocking by the
// shape, so every call has the same one, kTileRows activation rows by one chunk of weight rows, and
// a short tile is filled up with zeros. That a row's place in the tile does not matter is checked
// by tests/unit/kernels/linear_test.cpp on the machine at hand.
#include "kernels/linear_f32.hpp"

#include "base/buffer.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <utility>

#include <Eigen/Core>
#include <cblas.h>

namespace tlite {
namespace {

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Rows = Eigen::Map<Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;
using ConstRows = Eigen::Map<const Matrix, Eigen::Unaligned, Eigen::OuterStride<>>;

// Debian's serial OpenBLAS 0.3.21 is built without locks: two calls at once may get the same
// packing buffer, and the sums are wrong (0.5 % of calls started together in two threads). The
// threading build would start threads in the host program. So calls take turns.
constinit std::mutex one_call;

constexpr std::size_t kTileRows = 8;
constexpr std::size_t kChunkFeatures = 64;

Eigen::Index index(std::size_t value) noexcept { return static_cast<Eigen::Index>(value); }

class LinearF32 final : public Linear {
 public:
  LinearF32(const WeightMatrix& matrix, std::shared_ptr<Allocator> allocator)
      : Linear(matrix.out_features, matrix.in_features) {
    const std::byte* data = matrix.data.data();
    if (const std::size_t bytes = linear_f32_copied_bytes(matrix); bytes > 0) {
      copy_ = Buffer(bytes, "a matrix that is not aligned in its file", std::move(allocator));
      std::memcpy(copy_.data(), data, bytes);
      data = copy_.data();
    }
    weights_ = reinterpret_cast<const float*>(data);
  }

  ActivationFormat activation_format() const noexcept override { return ActivationFormat::f32; }
  std::size_t resident_bytes() const noexcept override { return copy_.size(); }
  std::size_t chunks(std::size_t) const noexcept override {
    return (out_features() + kChunkFeatures - 1) / kChunkFeatures;
  }
  std::size_t scratch_bytes() const noexcept override {
    return linear_f32_scratch_bytes(in_features());
  }

  void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
           std::span<std::byte> scratch) const noexcept override {
    const std::size_t first = chunk * kChunkFeatures;
    const std::size_t features = std::min(kChunkFeatures, out_features() - first);
    float* const padded = reinterpret_cast<float*>(scratch.data());  // [kTileRows][in_features]
    float* const result = padded + kTileRows * in_features();        // [kTileRows][features]
    for (std::size_t row = 0; row < x.rows; row += kTileRows) {
      const std::size_t rows = std::min(kTileRows, x.rows - row);
      const float* in = x.f32 + row * x.stride;
      float* out = y + row * y_stride + first;
      if (rows == kTileRows) {
        multiply(first, features, in, x.stride, out, y_stride);
        continue;
      }
      Rows tile(padded, index(kTileRows), index(in_features()),
                Eigen::OuterStride<>(index(in_features())));
      tile.setZero();
      tile.topRows(index(rows)) =
          ConstRows(in, index(rows), index(in_features()), Eigen::OuterStride<>(index(x.stride)));
      multiply(first, features, padded, in_features(), result, features);
      Rows(out, index(rows), index(features), Eigen::OuterStride<>(index(y_stride))) =
          ConstRows(result, index(rows), index(features), Eigen::OuterStride<>(index(features)));
    }
  }

 private:
  void multiply(std::size_t first, std::size_t features, const float* in, std::size_t in_stride,
                float* out, std::size_t out_stride) const noexcept {
    const auto k = static_cast<blasint>(in_features());
    const std::lock_guard lock(one_call);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, static_cast<blasint>(kTileRows),
                static_cast<blasint>(features), k, 1.0F, in, static_cast<blasint>(in_stride),
                weights_ + first * in_features(), k, 0.0F, out, static_cast<blasint>(out_stride));
  }

  const float* weights_ = nullptr;  // [out_features][in_features]
  Buffer copy_;                     // of the weights, where the file has them unaligned
};

}  // namespace

std::unique_ptr<Linear> make_linear_f32(const WeightMatrix& matrix,
                                        std::shared_ptr<Allocator> allocator) {
  return std::make_unique<LinearF32>(matrix, std::move(allocator));
}

std::size_t linear_f32_copied_bytes(const WeightMatrix& matrix) noexcept {
  const auto address = reinterpret_cast<std::uintptr_t>(matrix.data.data());
  return address % alignof(float) != 0 ? matrix.data.size() : 0;
}

std::size_t linear_f32_scratch_bytes(std::size_t in_features) noexcept {
  return kTileRows * (in_features + kChunkFeatures) * sizeof(float);
}

}  // namespace tlite

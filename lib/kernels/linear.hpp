// y = W x (+ b) for weights in any storage format: the interface between model/ and the kernels.
//
// One accumulation order: y[row][out] depends on x[row] and W[out] alone, not on the number of
// rows, the chunk, the thread or the tile. Each implementation keeps that promise by its own fixed
// order over k; tests/unit/kernels checks it bit for bit.
//
// Work is cut into chunks: some output features for all rows, or for a part of them.
#pragma once

#include "base/cpu.hpp"
#include "tensor/dtype.hpp"

#include <cstddef>
#include <memory>
#include <span>

#include <tlite/host.hpp>

namespace tlite {

// Input rows in the form the weight's kernels want them: f32 as they are, or rounded or quantized
// once per matrix input and shared by all matrices that read it (q, k and v; gate and up).
// See activations.hpp.
enum class ActivationFormat { f32, bf16, q8_32, q8_256 };
inline constexpr std::size_t kActivationFormats = 4;

// How prepared rows lie: one after the other; or the blocks of all rows for the same k side by
// side, as matrix registers load them.
//
// Vectors want the first: they take a few rows through all of k, and prefetchers follow a row, but
// not steps of 4 KB (AVX-512 on Emerald Rapids by blocks of 48 rows: q8_0 0.75 times as fast, q4_0
// 0.6).
enum class ActivationOrder { rows, blocks };

// [rows][in_features] f32 and what was made of it.
struct Activations {
  const float* f32 = nullptr;
  std::size_t rows = 0;
  std::size_t stride = 0;               // floats between rows
  const std::byte* prepared = nullptr;  // in the weight's format and order; null for f32
};

class Linear {
 public:
  virtual ~Linear() = default;

  std::size_t out_features() const noexcept { return out_features_; }
  std::size_t in_features() const noexcept { return in_features_; }

  virtual ActivationFormat activation_format() const noexcept = 0;
  // The same for all matrices of a tier that read the same format.
  virtual ActivationOrder activation_order() const noexcept { return ActivationOrder::rows; }
  virtual std::size_t chunks(std::size_t rows) const noexcept = 0;
  // Bytes that were copied into memory of our own; 0 when the matrix is used where it lies.
  virtual std::size_t resident_bytes() const noexcept { return 0; }
  // Bytes of scratch one worker needs for run(): linear_scratch_bytes(in_features()) or less.
  virtual std::size_t scratch_bytes() const noexcept = 0;

  // y[row * y_stride + out] for the outs and rows of `chunk`, below chunks(x.rows). Thread-safe for
  // different chunks; `scratch` belongs to the calling worker.
  virtual void run(std::size_t chunk, const Activations& x, float* y, std::size_t y_stride,
                   std::span<std::byte> scratch) const noexcept = 0;

 protected:
  Linear(std::size_t out_features, std::size_t in_features)
      : out_features_(out_features), in_features_(in_features) {}

 private:
  std::size_t out_features_;
  std::size_t in_features_;
};

// A matrix as stored: [out_features][in_features], row-major, not necessarily aligned.
struct WeightMatrix {
  DataType type = DataType::f32;
  std::size_t out_features = 0;
  std::size_t in_features = 0;
  std::span<const std::byte> data;
};

// The largest scratch that any kind of Linear asks for, known before there is a weight.
std::size_t linear_scratch_bytes(std::size_t in_features) noexcept;

// Streams an f32, bf16 or f16 matrix as stored, by kernels of the tier; f32 on a processor without
// tuned kernels goes through OpenBLAS. The data must outlive the result and stay where it is;
// nothing is copied, except for OpenBLAS a matrix that is not aligned to 4 bytes. Quantized
// matrices are packed first: packed/linear.hpp. Throws Error(out_of_memory).
std::unique_ptr<Linear> make_linear(const WeightMatrix& matrix, CpuTier tier,
                                    std::shared_ptr<Allocator> allocator);

// Bytes that make_linear copies of this matrix: resident_bytes() of what it makes.
std::size_t copied_bytes(const WeightMatrix& matrix, CpuTier tier) noexcept;

}  // namespace tlite

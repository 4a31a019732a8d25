#include "convert/tensor_quantizer.hpp"

#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"
#include "tensor/finite.hpp"
#include "tensor/quantize.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <string>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// A slice is a megabyte of f32, of which each worker has one.
constexpr std::size_t kSliceValues = std::size_t{1} << 18;
constexpr std::size_t kRound = 32;  // slices between two calls of the sink

// So that the message names the first bad element, whichever thread comes upon one first.
void atomic_min(std::atomic<std::size_t>& target, std::size_t value) noexcept {
  std::size_t seen = target.load();
  while (value < seen && !target.compare_exchange_weak(seen, value)) {
  }
}

// A buffer of at least this size; what it held is lost.
void grow(Buffer& buffer, std::size_t bytes, std::string_view purpose,
          const std::shared_ptr<Allocator>& allocator) {
  if (buffer.size() >= bytes) return;
  // The old one goes first: both together are never needed.
  buffer = Buffer();
  buffer = Buffer(bytes, purpose, allocator);
}

}  // namespace

// Whole rows of a tensor.
// Importance is one value a column, so that a slice may not begin inside a row.
struct TensorQuantizer::Slice {
  DataType from;
  DataType to;
  std::span<const std::byte> source;
  std::size_t rows;
  std::size_t columns;
  std::span<const float> importance;
  std::span<std::byte> result;
};

TensorQuantizer::TensorQuantizer(ThreadPool& pool, std::shared_ptr<Allocator> allocator)
    : pool_(pool),
      allocator_(std::move(allocator)),
      values_(static_cast<std::size_t>(pool.threads())) {}

// The result is looked at as well: a finite value may be beyond f16, which values or the scales of
// blocks are stored in.
bool TensorQuantizer::convert(const Slice& slice, int worker) {
  if (first_non_finite(slice.from, slice.source)) return false;
  if (slice.from == slice.to) {
    std::memcpy(slice.result.data(), slice.source.data(), slice.result.size());
    return true;
  }
  float* const values = values_[static_cast<std::size_t>(worker)].as<float>().data();
  dequantize(slice.from, slice.source.data(), slice.rows * slice.columns, values);
  quantize(slice.to, values, slice.rows, slice.columns, slice.importance, slice.result.data());
  return !first_non_finite(slice.to, slice.result);
}

void TensorQuantizer::run(const StoredTensor& tensor, DataType type,
                          std::span<const float> importance,
                          FunctionRef<void(std::span<const std::byte>)> sink) {
  const std::size_t columns = tensor.shape.back();
  const std::size_t rows = tensor.shape.size() == 2 ? tensor.shape[0] : 1;
  const std::size_t slice_rows = std::clamp<std::size_t>(kSliceValues / columns, 1, rows);
  const std::size_t slice_count = (rows + slice_rows - 1) / slice_rows;
  const std::size_t result_bytes = bytes_of(type, slice_rows * columns);
  for (Buffer& values : values_) {
    grow(values, slice_rows * columns * sizeof(float), "rows of weights", allocator_);
  }
  grow(result_, std::min(kRound, slice_count) * result_bytes, "quantized rows", allocator_);
  const auto slice_at = [&](std::size_t first, std::size_t index) {
    const std::size_t row = (first + index) * slice_rows;
    const std::size_t count = std::min(slice_rows, rows - row);
    return Slice{.from = tensor.type,
                 .to = type,
                 .source = tensor.data.subspan(bytes_of(tensor.type, row * columns),
                                               bytes_of(tensor.type, count * columns)),
                 .rows = count,
                 .columns = columns,
                 .importance = importance,
                 .result = std::span(result_.data() + index * result_bytes,
                                     bytes_of(type, count * columns))};
  };
  for (std::size_t first = 0; first < slice_count; first += kRound) {
    const std::size_t count = std::min(kRound, slice_count - first);
    std::atomic<std::size_t> bad{count};
    pool_.parallel_for(count, [&](std::size_t i, int worker) {
      if (!convert(slice_at(first, i), worker)) atomic_min(bad, i);
    });
    if (bad < count) {
      const Slice slice = slice_at(first, bad);
      const auto in_source = first_non_finite(slice.from, slice.source);
      // A slice with a bad source has no result yet.
      const auto in_slice = in_source ? in_source : first_non_finite(type, slice.result);
      const std::size_t element = (first + bad) * slice_rows * columns + in_slice.value_or(0);
      throw Error(in_source ? ErrorCode::corrupt : ErrorCode::not_supported,
                  tensor.file + ": tensor " + tensor.name + ": " +
                      (in_source ? "NaN or infinity" : "not supported: a value beyond f16") +
                      " at element " + std::to_string(element));
    }
    const Slice last = slice_at(first, count - 1);
    sink({result_.data(),
          static_cast<std::size_t>(last.result.data() - result_.data()) + last.result.size()});
  }
}

}  // namespace tlite

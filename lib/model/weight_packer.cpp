#include "model/weight_packer.hpp"

#include "base/buffer.hpp"
#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"
#include "tensor/finite.hpp"
#include "tensor/quantize.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <string>
#include <vector>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Of the source: large enough to read a disk at its speed, and small beside the share of a thread.
constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
// Pieces that are asked from the disk ahead of the one that is packed.
constexpr std::size_t kAhead = 16;

// Groups of 16 rows of one matrix.
struct Piece {
  const PackedMatrix* matrix;
  std::size_t first;
  std::size_t groups;
  std::span<const std::byte> source;
};

std::vector<Piece> cut(const PackedLayout& layout) {
  std::vector<Piece> pieces;
  for (const PackedMatrix& matrix : layout.matrices()) {
    const std::span<const std::byte> data = matrix.tensor->data;
    const std::size_t groups = matrix.shape().groups;
    const std::size_t group_bytes = data.size() / matrix.tensor->shape[0] * kLanes;
    const std::size_t step = std::max<std::size_t>(kPieceBytes / group_bytes, 1);
    for (std::size_t first = 0; first < groups; first += step) {
      const std::size_t count = std::min(step, groups - first);
      const std::size_t begin = first * group_bytes;
      const std::size_t size = std::min(count * group_bytes, data.size() - begin);
      pieces.push_back({&matrix, first, count, data.subspan(begin, size)});
    }
  }
  return pieces;
}

// What a worker needs to quantize a group of 16 rows of any matrix.
class GroupQuantizer {
 public:
  GroupQuantizer(const PackedLayout& layout, const std::shared_ptr<Allocator>& allocator) {
    std::size_t columns = 0;
    std::size_t bytes = 0;
    for (const PackedMatrix& matrix : layout.matrices()) {
      if (matrix.type == matrix.tensor->type) continue;
      const std::size_t width = matrix.tensor->shape[1];
      columns = std::max(columns, width);
      bytes = std::max(bytes, kLanes * bytes_of(matrix.type, width));
    }
    values_ = Buffer(kLanes * columns * sizeof(float), "rows of weights", allocator);
    blocks_ = Buffer(bytes, "quantized rows", allocator);
  }

  // The group's rows as blocks of the matrix's type.
  const std::byte* run(const PackedMatrix& matrix, std::size_t group) {
    const StoredTensor& tensor = *matrix.tensor;
    const std::size_t columns = tensor.shape[1];
    const std::size_t first = group * kLanes;
    const std::size_t rows = std::min<std::size_t>(kLanes, tensor.shape[0] - first);
    const std::span<const std::byte> source = tensor.data.subspan(
        bytes_of(tensor.type, first * columns), bytes_of(tensor.type, rows * columns));
    if (const auto bad = first_non_finite(tensor.type, source)) {
      throw Error(ErrorCode::corrupt, tensor.file + ": tensor '" + tensor.name +
                                          "' holds a NaN or an infinity at element " +
                                          std::to_string(first * columns + *bad));
    }
    float* const values = values_.as<float>().data();
    dequantize(tensor.type, source.data(), rows * columns, values);
    quantize(matrix.type, values, rows, columns, {}, blocks_.data());
    return blocks_.data();
  }

 private:
  Buffer values_;
  Buffer blocks_;
};

void pack(const Piece& piece, GroupQuantizer& quantizer, std::byte* out) {
  const PackedMatrix& matrix = *piece.matrix;
  const StoredTensor& tensor = *matrix.tensor;
  const std::size_t group_bytes = matrix.shape().group_bytes();
  for (std::size_t group = piece.first; group < piece.first + piece.groups; ++group) {
    std::byte* const to = out + matrix.offset + group * group_bytes;
    if (matrix.type == tensor.type) {
      pack_group(matrix.type, tensor.data.data(), tensor.shape[0], tensor.shape[1], group, to);
    } else {
      const std::size_t rows = std::min<std::size_t>(kLanes, tensor.shape[0] - group * kLanes);
      pack_group(matrix.type, quantizer.run(matrix, group), rows, tensor.shape[1], 0, to);
    }
  }
}

// How far the job is, and what went wrong. Nothing may be thrown in a parallel loop: the first
// exception is kept, and the other threads find nothing more to do.
class State {
 public:
  State(std::size_t pieces, const LoadProgress& progress)
      : pieces_(static_cast<float>(pieces)), progress_(progress) {}

  bool stopped() const noexcept { return stopped_.load(std::memory_order_relaxed); }

  template <class Call>
  void guard(Call&& call) noexcept {
    try {
      call();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
      stopped_.store(true, std::memory_order_relaxed);
    }
  }

  void count() noexcept { done_.fetch_add(1, std::memory_order_relaxed); }

  // On the calling thread.
  void report() const {
    const float fraction =
        pieces_ > 0 ? static_cast<float>(done_.load(std::memory_order_relaxed)) / pieces_ : 1.0F;
    if (progress_ && !progress_(fraction)) {
      throw Error(ErrorCode::cancelled, "cancelled while packing the weights");
    }
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  float pieces_;
  const LoadProgress& progress_;
  std::mutex mutex_;
  std::exception_ptr error_;
  std::atomic<bool> stopped_{false};
  std::atomic<std::size_t> done_{0};
};

}  // namespace

void pack_weights(const PackedLayout& layout, const WeightSource& source, std::span<std::byte> out,
                  ThreadPool& pool, const std::shared_ptr<Allocator>& allocator,
                  const LoadProgress& progress, FunctionRef<void()> meanwhile) {
  const std::vector<Piece> pieces = cut(layout);
  std::vector<GroupQuantizer> quantizers;
  quantizers.reserve(static_cast<std::size_t>(pool.threads()));
  for (int i = 0; i < pool.threads(); ++i) quantizers.emplace_back(layout, allocator);
  State state(pieces.size(), progress);
  bool began = false;  // the calling thread, which is worker 0
  const auto turn = [&] {
    if (!began) {
      began = true;
      meanwhile();
    }
    state.report();
  };
  pool.parallel_for(pieces.size(), [&](std::size_t i, int worker) {
    state.guard([&] {
      if (worker == 0 && !state.stopped()) turn();
      if (state.stopped()) return;
      if (i + kAhead < pieces.size()) source.will_read(pieces[i + kAhead].source);
      pack(pieces[i], quantizers[static_cast<std::size_t>(worker)], out.data());
      source.was_read(pieces[i].source);
      state.count();
    });
  });
  state.rethrow();
  turn();  // the helpers may have left nothing to the calling thread
  // The system maps the neighbours of a page that is read: some are there again.
  for (const PackedMatrix& matrix : layout.matrices()) source.was_read(matrix.tensor->data);
}

}  // namespace tlite

#include "model/weight_packer.hpp"

#include "base/buffer.hpp"
#include "base/first_error.hpp"
#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"
#include "tensor/finite.hpp"
#include "tensor/quantize.hpp"

#include <algorithm>
#include <atomic>
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
  std::size_t offset;  // in the tensor's data
  std::size_t bytes;

  // Where the file is mapped; else nothing.
  std::span<const std::byte> mapped() const noexcept {
    const std::span<const std::byte> data = matrix->tensor->data;
    return data.empty() ? data : data.subspan(offset, bytes);
  }
};

std::vector<Piece> cut(const PackedLayout& layout) {
  std::vector<Piece> pieces;
  for (const PackedMatrix& matrix : layout.matrices()) {
    const std::size_t size = matrix.tensor->bytes();
    const std::size_t groups = matrix.shape().groups;
    const std::size_t group_bytes = size / matrix.tensor->shape[0] * kLanes;
    const std::size_t step = std::max<std::size_t>(kPieceBytes / group_bytes, 1);
    for (std::size_t first = 0; first < groups; first += step) {
      const std::size_t count = std::min(step, groups - first);
      const std::size_t begin = first * group_bytes;
      pieces.push_back({&matrix, first, count, begin, std::min(count * group_bytes, size - begin)});
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

  // The group's rows, `source` as stored, as blocks of the matrix's type.
  const std::byte* run(const PackedMatrix& matrix, std::size_t group,
                       std::span<const std::byte> source) {
    const StoredTensor& tensor = *matrix.tensor;
    const std::size_t columns = tensor.shape[1];
    const std::size_t first = group * kLanes;
    const std::size_t rows = std::min<std::size_t>(kLanes, tensor.shape[0] - first);
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

// `source`: the piece's rows as stored.
void pack(const Piece& piece, std::span<const std::byte> source, GroupQuantizer& quantizer,
          std::byte* out) {
  const PackedMatrix& matrix = *piece.matrix;
  const StoredTensor& tensor = *matrix.tensor;
  const std::size_t columns = tensor.shape[1];
  for (std::size_t i = 0; i < piece.groups; ++i) {
    const std::size_t group = piece.first + i;
    const std::size_t rows = std::min<std::size_t>(kLanes, tensor.shape[0] - group * kLanes);
    const std::span<const std::byte> stored = source.subspan(
        i * bytes_of(tensor.type, kLanes * columns), bytes_of(tensor.type, rows * columns));
    const std::byte* const blocks =
        matrix.type == tensor.type ? stored.data() : quantizer.run(matrix, group, stored);
    pack_group(matrix.type, blocks, rows, columns, 0,
               out + matrix.offset + group * matrix.shape().group_bytes());
  }
}

// What a thread needs for itself.
struct Worker {
  GroupQuantizer quantizer;
  std::vector<std::byte> space;  // for rows that are read
};

// How far the job is, and what went wrong: the other threads then find nothing more to do.
class State {
 public:
  State(std::size_t pieces, const LoadProgress& progress)
      : pieces_(static_cast<float>(pieces)), progress_(progress) {}

  void count() noexcept { done_.fetch_add(1, std::memory_order_relaxed); }

  // On the calling thread.
  void report() const {
    const float fraction =
        pieces_ > 0 ? static_cast<float>(done_.load(std::memory_order_relaxed)) / pieces_ : 1.0F;
    if (progress_ && !progress_(fraction)) {
      throw Error(ErrorCode::cancelled, "cancelled while packing the weights");
    }
  }

 private:
  float pieces_;
  const LoadProgress& progress_;
  std::atomic<std::size_t> done_{0};
};

}  // namespace

void pack_weights(const PackedLayout& layout, const WeightSource& source, std::span<std::byte> out,
                  ThreadPool& pool, const std::shared_ptr<Allocator>& allocator,
                  const LoadProgress& progress, FunctionRef<void()> meanwhile) {
  const std::vector<Piece> pieces = cut(layout);
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(pool.threads()));
  for (int i = 0; i < pool.threads(); ++i) workers.push_back({{layout, allocator}, {}});
  State state(pieces.size(), progress);
  FirstError error;    // after one the threads find nothing more to do
  bool began = false;  // the calling thread, which is worker 0
  const auto turn = [&] {
    if (!began) {
      began = true;
      meanwhile();
    }
    state.report();
  };
  pool.parallel_for(pieces.size(), [&](std::size_t i, int worker) {
    error.guard([&] {
      if (worker == 0 && !error.occurred()) turn();
      if (error.occurred()) return;
      if (i + kAhead < pieces.size()) source.will_read(pieces[i + kAhead].mapped());
      const Piece& piece = pieces[i];
      auto& [quantizer, space] = workers[static_cast<std::size_t>(worker)];
      pack(piece, source.part(*piece.matrix->tensor, piece.offset, piece.bytes, space), quantizer,
           out.data());
      source.was_read(piece.mapped());
      state.count();
    });
  });
  error.rethrow();
  turn();  // the helpers may have left nothing to the calling thread
}

}  // namespace tlite

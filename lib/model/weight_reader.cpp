#include "model/weight_reader.hpp"

#include "base/first_error.hpp"
#include "base/parallel.hpp"
#include "format/tensor_list.hpp"
#include "tensor/dtype.hpp"
#include "tensor/finite.hpp"

#include <algorithm>
#include <atomic>
#include <limits>
#include <tuple>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kPageBytes = 4096;
// Pieces between two calls of the progress callback: 64 MB take a slow disk under a second.
constexpr std::size_t kRound = 64;

struct Piece {
  const StoredTensor* tensor;
  std::size_t offset;
  std::size_t size;
};

std::vector<Piece> cut(const std::vector<const StoredTensor*>& tensors) {
  std::vector<Piece> pieces;
  for (const StoredTensor* tensor : tensors) {
    const std::size_t block = block_shape(tensor->type).bytes;
    const std::size_t whole = kPieceBytes / block * block;
    const std::size_t bytes = tensor->bytes();
    for (std::size_t offset = 0; offset < bytes; offset += whole) {
      pieces.push_back({tensor, offset, std::min(whole, bytes - offset)});
    }
  }
  return pieces;
}

void touch(std::span<const std::byte> data) noexcept {
  for (std::size_t i = 0; i < data.size(); i += kPageBytes) {
    [[maybe_unused]] const volatile std::byte read = data[i];
  }
}

void atomic_min(std::atomic<std::size_t>& target, std::size_t value) noexcept {
  std::size_t seen = target.load();
  while (value < seen && !target.compare_exchange_weak(seen, value)) {
  }
}

[[noreturn]] void throw_not_finite(const Piece& piece, std::span<const std::byte> data) {
  const StoredTensor& tensor = *piece.tensor;
  const BlockShape block = block_shape(tensor.type);
  const std::size_t index =
      piece.offset / block.bytes * block.elements + *first_non_finite(tensor.type, data);
  throw Error(ErrorCode::corrupt, tensor.file + ": tensor " + tensor.name +
                                      ": NaN or infinity at element " + std::to_string(index));
}

}  // namespace

std::vector<const StoredTensor*> used_tensors(const Checkpoint& checkpoint) {
  std::vector<const StoredTensor*> tensors;
  for (const ExpectedTensor& expected : expected_tensors(checkpoint.config)) {
    tensors.push_back(checkpoint.weights->find(expected.name));
  }
  std::sort(tensors.begin(), tensors.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return std::tie(a->file, a->offset) < std::tie(b->file, b->offset);
  });
  return tensors;
}

std::vector<const StoredTensor*> kept_tensors(const std::vector<const StoredTensor*>& used,
                                              const PackedLayout& layout) {
  std::vector<const StoredTensor*> kept;
  for (const StoredTensor* const tensor : used) {
    if (tensor->name == kEmbeddingTensor || !layout.find(*tensor)) kept.push_back(tensor);
  }
  return kept;
}

void read_weights(const WeightSource& source, const std::vector<const StoredTensor*>& tensors,
                  const std::string& path, bool check, int threads, const LoadProgress& progress) {
  const std::vector<Piece> pieces = cut(tensors);
  ThreadPool pool(threads);
  std::vector<std::vector<std::byte>> spaces(static_cast<std::size_t>(pool.threads()));
  const auto data_of = [&](const Piece& piece, int worker) {
    return source.part(*piece.tensor, piece.offset, piece.size,
                       spaces[static_cast<std::size_t>(worker)]);
  };
  for (std::size_t begin = 0; begin < pieces.size(); begin += kRound) {
    const float fraction = static_cast<float>(begin) / static_cast<float>(pieces.size());
    if (progress && !progress(fraction)) {
      throw Error(ErrorCode::cancelled, "cancelled: loading " + path);
    }
    std::atomic<std::size_t> bad{std::numeric_limits<std::size_t>::max()};
    FirstError error;
    pool.parallel_for(std::min(kRound, pieces.size() - begin), [&](std::size_t i, int worker) {
      error.guard([&] {
        const Piece& piece = pieces[begin + i];
        const std::span<const std::byte> data = data_of(piece, worker);
        if (!check) {
          touch(data);
        } else if (first_non_finite(piece.tensor->type, data)) {
          atomic_min(bad, begin + i);
        }
      });
    });
    error.rethrow();
    if (bad < pieces.size()) throw_not_finite(pieces[bad], data_of(pieces[bad], 0));
  }
}

}  // namespace tlite

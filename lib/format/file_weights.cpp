#include "format/file_weights.hpp"

#include "base/first_error.hpp"
#include "base/parallel.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };

template <class Tensor>
const Tensor* find_in(const std::vector<Tensor>& sorted, std::string_view name) noexcept {
  const auto found = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const Tensor& tensor, std::string_view key) { return tensor.name < key; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

[[noreturn]] void throw_duplicate(const std::string& name, const std::string& first,
                                  const std::string& second) {
  throw Error(ErrorCode::corrupt, second + ": tensor " + name + " is there twice" +
                                      (first == second ? std::string() : ", also in " + first));
}

template <class Tensor>
void sort_and_check(std::vector<Tensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(), by_name);
  const auto same = [](const Tensor& a, const Tensor& b) { return a.name == b.name; };
  const auto found = std::adjacent_find(tensors.begin(), tensors.end(), same);
  if (found != tensors.end()) throw_duplicate(found->name, found->file, std::next(found)->file);
}

// A part of a file, and where it is to be.
struct Piece {
  const InputFile* input;
  std::size_t offset;
  std::span<std::byte> to;
};

void cut(const InputFile& input, std::size_t offset, std::span<std::byte> to,
         std::vector<Piece>& pieces) {
  constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
  while (!to.empty()) {
    const std::size_t size = std::min(kPieceBytes, to.size());
    pieces.push_back({&input, offset, to.first(size)});
    offset += size;
    to = to.subspan(size);
  }
}

// By many threads: a copy out of the system's cache into memory that is touched for the first time.
void read_pieces(std::span<const Piece> pieces, int threads, const LoadProgress& progress) {
  constexpr std::size_t kRound = 64;  // between two calls of `progress`: a second of a slow disk
  ThreadPool pool(threads);
  for (std::size_t begin = 0; begin < pieces.size(); begin += kRound) {
    const float fraction = static_cast<float>(begin) / static_cast<float>(pieces.size());
    if (progress && !progress(fraction)) {
      throw Error(ErrorCode::cancelled, "cancelled while reading the weights");
    }
    const std::span<const Piece> round =
        pieces.subspan(begin, std::min(kRound, pieces.size() - begin));
    FirstError error;
    pool.parallel_for(round.size(), [&](std::size_t i, int) {
      error.guard([&] { round[i].input->read(round[i].offset, round[i].to); });
    });
    error.rethrow();
  }
}

std::size_t rounded_up(std::size_t bytes) noexcept {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

std::size_t kept_bytes(std::span<const StoredTensor* const> tensors) {
  std::size_t bytes = 0;
  for (const StoredTensor* const tensor : tensors) bytes += rounded_up(tensor->bytes());
  return bytes;
}

// What is to be read has no bytes until keep(). A host's own files are taken as they come, whatever
// was asked for.
void FileWeights::add(InputFile file, TensorDirectory found) {
  const bool reads = access_ == WeightAccess::read && file.is_systems();
  std::span<const std::byte> bytes;
  if (reads) {
    inputs_.push_back(std::move(file));
  } else {
    files_.push_back(std::move(file).map());
    bytes = files_.back()->bytes();
  }
  for (StoredTensor& tensor : found.tensors) {
    tensor.data = reads ? bytes : bytes.subspan(tensor.offset, tensor.bytes());
  }
  std::move(found.tensors.begin(), found.tensors.end(), std::back_inserter(directory_.tensors));
  std::move(found.unsupported.begin(), found.unsupported.end(),
            std::back_inserter(directory_.unsupported));
}

void FileWeights::add_prefix(std::string_view prefix, std::string_view kept) {
  const auto add = [&](auto& tensor) {
    if (tensor.name != kept) tensor.name.insert(0, prefix);
  };
  std::for_each(directory_.tensors.begin(), directory_.tensors.end(), add);
  std::for_each(directory_.unsupported.begin(), directory_.unsupported.end(), add);
}

void FileWeights::finish() {
  sort_and_check(directory_.tensors);
  sort_and_check(directory_.unsupported);
  for (const UnsupportedTensor& tensor : directory_.unsupported) {
    const StoredTensor* other = find(tensor.name);
    if (other != nullptr) throw_duplicate(tensor.name, other->file, tensor.file);
  }
}

const StoredTensor* FileWeights::find(std::string_view name) const noexcept {
  return find_in(directory_.tensors, name);
}

const UnsupportedTensor* FileWeights::find_unsupported(std::string_view name) const noexcept {
  return find_in(directory_.unsupported, name);
}

const FileContent* FileWeights::file_of(std::span<const std::byte> part) const noexcept {
  // The operator's answer is unspecified for pointers into different files.
  constexpr std::less_equal<const std::byte*> at_most;
  for (const std::unique_ptr<FileContent>& file : files_) {
    const std::span<const std::byte> all = file->bytes();
    if (at_most(all.data(), part.data()) &&
        at_most(part.data() + part.size(), all.data() + all.size())) {
      return file.get();
    }
  }
  return nullptr;
}

const InputFile& FileWeights::input_of(const StoredTensor& tensor) const noexcept {
  return *std::find_if(inputs_.begin(), inputs_.end(),
                       [&](const InputFile& input) { return input.path() == tensor.file; });
}

std::span<const std::byte> FileWeights::part(const StoredTensor& tensor, std::size_t offset,
                                             std::size_t size,
                                             std::vector<std::byte>& space) const {
  if (!tensor.data.empty() || size == 0) return tensor.data.subspan(offset, size);
  space.resize(std::max(space.size(), size));
  const std::span<std::byte> out = std::span(space).first(size);
  input_of(tensor).read(tensor.offset + offset, out);
  return out;
}

// Where reading fails or is cancelled the views lead to memory that was not filled: who called
// gives up the whole.
void FileWeights::keep(std::span<const StoredTensor* const> tensors,
                       const std::shared_ptr<Allocator>& allocator, int threads,
                       const LoadProgress& progress) {
  if (inputs_.empty()) return;
  kept_ = Buffer(kept_bytes(tensors), "the weights", allocator);
  std::vector<Piece> pieces;
  std::byte* to = kept_.data();
  for (const StoredTensor* const tensor : tensors) {
    StoredTensor& own = *std::find_if(directory_.tensors.begin(), directory_.tensors.end(),
                                      [&](const StoredTensor& t) { return &t == tensor; });
    const std::span<std::byte> place(to, own.bytes());
    cut(input_of(own), own.offset, place, pieces);
    own.data = place;
    to += rounded_up(place.size());
  }
  read_pieces(pieces, threads, progress);
}

void FileWeights::will_read(std::span<const std::byte> part) const noexcept {
  if (const FileContent* file = file_of(part)) file->will_read(part);
}

void FileWeights::was_read(std::span<const std::byte> part) const noexcept {
  if (const FileContent* file = file_of(part)) file->was_read(part);
}

}  // namespace tlite

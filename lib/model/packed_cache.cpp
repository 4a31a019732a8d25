#include "model/packed_cache.hpp"

#include "base/file.hpp"
#include "base/first_error.hpp"
#include "base/hash.hpp"
#include "base/output_file.hpp"
#include "kernels/packed/pack.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// The head of a file, all in the byte order of the machine that wrote it:
//   Header, then a Place for each matrix; then a Sums for each block; then the hash of all that.
// The weights follow at kDataOffset's next multiple.
constexpr std::uint64_t kMagic = 0x4B434150'45544C54;  // "TLTEPACK" in little endian
constexpr std::uint32_t kVersion = 1;
// Weights begin at a multiple of a huge page: the system can map them by such where it has them.
constexpr std::size_t kDataAlignment = std::size_t{2} << 20;
// What one pair of checksums covers, and how much of it is looked at on every load.
constexpr std::size_t kBlockBytes = std::size_t{4} << 20;
constexpr std::size_t kSampleBytes = 4096;

struct Header {
  std::uint64_t magic;
  std::uint32_t version;
  std::uint32_t layout;    // kPackedLayout
  std::uint64_t source;    // hash of what tells the model's files from others
  std::uint64_t matrices;  // number of places
  std::uint64_t blocks;    // number of sums
  std::uint64_t offset;    // of the weights in the file
  std::uint64_t bytes;     // of the weights
};

struct Place {
  std::uint64_t offset;
  std::uint64_t bytes;
};

struct Sums {
  std::uint64_t sample;  // of the first kSampleBytes
  std::uint64_t whole;
};

std::string_view as_text(std::span<const std::byte> bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

template <class T>
void append(std::vector<std::byte>& out, const T& value) {
  const auto* const bytes = reinterpret_cast<const std::byte*>(&value);
  out.insert(out.end(), bytes, bytes + sizeof value);
}

std::size_t blocks_of(std::size_t bytes) noexcept {
  return (bytes + kBlockBytes - 1) / kBlockBytes;
}

std::span<const std::byte> block_at(std::span<const std::byte> packed, std::size_t i) noexcept {
  const std::size_t begin = i * kBlockBytes;
  return packed.subspan(begin, std::min(kBlockBytes, packed.size() - begin));
}

std::uint64_t sample_sum(std::span<const std::byte> block) noexcept {
  return hash_bytes(as_text(block.first(std::min(kSampleBytes, block.size()))));
}

std::uint64_t whole_sum(std::span<const std::byte> block) noexcept {
  return hash_bytes(as_text(block));
}

// Names, shapes and both types of the tensors, their places in their files, the first bytes of
// each, and size and time of the files: a header's content, whatever the format.
std::uint64_t source_hash(const PackedLayout& layout, const WeightSource& source) {
  std::vector<std::byte> space;
  std::string text;
  const auto add = [&text](const auto& value) {
    text.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  std::set<std::string> files;
  for (const PackedMatrix& matrix : layout.matrices()) {
    const StoredTensor& tensor = *matrix.tensor;
    text.append(tensor.name).append(1, '\0');
    add(tensor.type);
    add(matrix.type);
    for (const std::uint64_t size : tensor.shape) add(size);
    const std::size_t begin = std::min<std::size_t>(tensor.bytes(), 64);
    text.append(as_text(source.part(tensor, 0, begin, space)));
    files.insert(tensor.file);
  }
  for (const std::string& file : files) {
    const FileStamp stamp = file_stamp(file).value_or(FileStamp{});
    text.append(path_name(file)).append(1, '\0');
    add(stamp.size);
    add(stamp.modified);
  }
  return hash_bytes(text);
}

std::string hexadecimal(std::uint64_t value) {
  std::string text(16, '0');
  for (std::size_t i = 0; i < 16; ++i) text[15 - i] = "0123456789abcdef"[value >> 4 * i & 15U];
  return text;
}

// One file for each place of a model, so that a model that changes replaces its own.
std::string file_name(std::string_view path) {
  std::error_code error;
  const std::filesystem::path whole = std::filesystem::canonical(std::string(path), error);
  const std::string text = error ? std::string(path) : whole.string();
  return path_name(text) + "-" + hexadecimal(hash_bytes(text)) + ".packed";
}

std::vector<std::byte> make_head(const PackedLayout& layout, const WeightSource& source) {
  const std::size_t blocks = blocks_of(layout.bytes());
  const std::size_t places = layout.matrices().size();
  const std::size_t end =
      sizeof(Header) + places * sizeof(Place) + blocks * sizeof(Sums) + sizeof(std::uint64_t);
  const std::size_t offset = (end + kDataAlignment - 1) / kDataAlignment * kDataAlignment;
  std::vector<std::byte> head;
  append(head, Header{kMagic, kVersion, kPackedLayout, source_hash(layout, source), places, blocks,
                      offset, layout.bytes()});
  for (const PackedMatrix& matrix : layout.matrices()) {
    append(head, Place{matrix.offset, matrix.bytes});
  }
  return head;
}

std::size_t data_offset(std::span<const std::byte> head) noexcept {
  Header header;
  std::memcpy(&header, head.data(), sizeof header);
  return header.offset;
}

Sums sums_at(std::span<const std::byte> table, std::size_t i) noexcept {
  Sums sums;
  std::memcpy(&sums, table.data() + i * sizeof sums, sizeof sums);
  return sums;
}

// Why a file with these bytes before its weights does not fit, or nothing. `begin` is all of them.
std::optional<std::string> find_fault(std::span<const std::byte> begin,
                                      std::span<const std::byte> head, std::size_t bytes) {
  if (!std::equal(head.begin(), head.end(), begin.begin())) {
    return "is of another model, version or machine, or of the model before it was changed";
  }
  const std::size_t sums_end = head.size() + blocks_of(bytes) * sizeof(Sums);
  std::uint64_t sum;
  std::memcpy(&sum, begin.data() + sums_end, sizeof sum);
  if (sum != hash_bytes(as_text(begin.first(sums_end)))) return "has a damaged header";
  return std::nullopt;
}

bool is_damaged(std::span<const std::byte> block, const Sums& sums, bool whole) noexcept {
  return sample_sum(block) != sums.sample || (whole && whole_sum(block) != sums.whole);
}

// The weights, from `offset` of the file on, into `out`. Whether they are those of the sums.
bool read_blocks(const InputFile& file, std::size_t offset, std::span<const std::byte> table,
                 std::span<std::byte> out, bool whole, const LoadProgress& progress,
                 ThreadPool& pool) {
  constexpr std::size_t kRound = 16;  // blocks between two calls of `progress`
  const std::size_t blocks = blocks_of(out.size());
  std::atomic<bool> damaged{false};
  for (std::size_t first = 0; first < blocks && !damaged; first += kRound) {
    if (progress && !progress(static_cast<float>(first) / static_cast<float>(blocks))) {
      throw Error(ErrorCode::cancelled, "cancelled while reading the packed weights");
    }
    FirstError error;
    pool.parallel_for(std::min(kRound, blocks - first), [&](std::size_t i, int) {
      error.guard([&] {
        const std::size_t at = (first + i) * kBlockBytes;
        const std::span<std::byte> block = out.subspan(at, std::min(kBlockBytes, out.size() - at));
        file.read(offset + at, block);
        if (is_damaged(block, sums_at(table, first + i), whole)) damaged = true;
      });
    });
    error.rethrow();
  }
  return !damaged;
}

}  // namespace

PackedCache::PackedCache(std::string_view directory, std::string_view path,
                         const PackedLayout& layout, const WeightSource& source)
    : file_(join_path(directory, file_name(path))),
      head_(make_head(layout, source)),
      bytes_(layout.bytes()) {}

std::optional<InputFile> PackedCache::find(std::vector<std::byte>& begin, const Log& log) const {
  const std::shared_ptr<const FileSystem> files = system_files();
  if (!files->exists(file_)) return std::nullopt;
  InputFile file(*files, file_);
  const std::size_t offset = data_offset(head_);
  if (file.size() != offset + bytes_) {
    log_fault("is " + std::to_string(file.size()) + " bytes long", log);
    return std::nullopt;
  }
  begin.resize(offset);
  file.read(0, begin);
  if (const auto fault = find_fault(begin, head_, bytes_)) {
    log_fault(*fault, log);
    return std::nullopt;
  }
  return file;
}

void PackedCache::log_fault(const std::string& fault, const Log& log) const {
  log(LogLevel::info, file_ + ": " + fault + "; it is made anew");
}

std::unique_ptr<const CachedWeights> PackedCache::open(bool whole, ThreadPool& pool,
                                                       const Log& log) const {
  try {
    std::vector<std::byte> begin;
    std::optional<InputFile> file = find(begin, log);
    if (!file) return nullptr;
    auto weights = std::make_unique<const CachedWeights>(std::move(*file).map(), begin.size());
    const std::span<const std::byte> table = std::span(begin).subspan(head_.size());
    std::atomic<bool> damaged{false};
    pool.parallel_for(blocks_of(bytes_), [&](std::size_t i, int) {
      if (is_damaged(block_at(weights->bytes(), i), sums_at(table, i), whole)) {
        damaged.store(true, std::memory_order_relaxed);
      }
    });
    if (!damaged) return weights;
    log_fault("has damaged weights", log);
  } catch (const Error& error) {
    log(LogLevel::warning, error.what());
  }
  return nullptr;
}

bool PackedCache::read(std::span<std::byte> out, bool whole, const LoadProgress& progress,
                       ThreadPool& pool, const Log& log) const {
  try {
    std::vector<std::byte> begin;
    const std::optional<InputFile> file = find(begin, log);
    if (!file) return false;
    const std::span<const std::byte> table = std::span(begin).subspan(head_.size());
    if (read_blocks(*file, begin.size(), table, out, whole, progress, pool)) return true;
    log_fault("has damaged weights", log);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::cancelled) throw;
    log(LogLevel::warning, error.what());
  }
  return false;
}

void PackedCache::write(std::span<const std::byte> packed, ThreadPool& pool, const Log& log) const {
  try {
    std::vector<Sums> sums(blocks_of(packed.size()));
    pool.parallel_for(sums.size(), [&](std::size_t i, int) {
      const std::span<const std::byte> block = block_at(packed, i);
      sums[i] = {sample_sum(block), whole_sum(block)};
    });
    std::vector<std::byte> head = head_;
    for (const Sums& sum : sums) append(head, sum);
    append(head, hash_bytes(as_text(head)));
    head.resize(data_offset(head_));
    std::filesystem::create_directories(std::filesystem::path(file_).parent_path());
    OutputFile out(file_);
    out.reserve(head.size() + packed.size());
    out.write(head);
    out.write(packed);
    out.commit();
    log(LogLevel::info, file_ + ": written, " + std::to_string(packed.size()) + " bytes");
  } catch (const Error& error) {
    log(LogLevel::warning, "the packed cache is not written: " + std::string(error.what()));
  } catch (const std::filesystem::filesystem_error& error) {
    log(LogLevel::warning, "the packed cache is not written: " + std::string(error.what()));
  }
}

}  // namespace tlite

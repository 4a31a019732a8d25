// GGUF form (2025): for each matrix a tensor NAME.in_sum2 of the sums of squared inputs and
// NAME.counts with the number of rows that were summed up. Older form: i32 entries; for each of
// them i32 length and name, i32 calls, i32 values, f32 each: sums times calls / rows.
#include "format/imatrix.hpp"

#include "base/file.hpp"
#include "format/gguf_cursor.hpp"
#include "format/gguf_file.hpp"
#include "format/tensor_list.hpp"
#include "tensor/blocks.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::string_view kSums = ".in_sum2";
constexpr std::string_view kCounts = ".counts";
constexpr std::int32_t kMaxName = 1024;
constexpr std::size_t kMaxBytes = std::size_t{1} << 30;  // of a 72B model: 30 MB

std::vector<float> values_of(const StoredTensor& tensor) {
  if (tensor.type != DataType::f32) {
    throw Error(ErrorCode::corrupt, tensor.file + ": tensor " + tensor.name + ": type " +
                                        std::string(to_string(tensor.type)) +
                                        ", where f32 is needed");
  }
  std::vector<float> values(tensor.data.size() / sizeof(float));
  dequantize(DataType::f32, tensor.data.data(), values.size(), values.data());
  return values;
}

}  // namespace

ImportanceMatrix ImportanceMatrix::read(std::string_view path, const FileSystem& files) {
  const std::string content = read_text(files, path, kMaxBytes);
  const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
  constexpr std::string_view kMagic = "GGUF";
  const bool gguf =
      bytes.size() >= kMagic.size() && std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) == 0;
  ImportanceMatrix matrix;
  matrix.file_ = path;
  gguf ? matrix.read_gguf(bytes) : matrix.read_legacy(bytes);
  if (matrix.columns_.empty()) {
    throw Error(ErrorCode::corrupt, matrix.file_ + ": an importance matrix without entries");
  }
  return matrix;
}

std::span<const float> ImportanceMatrix::find(std::string_view gguf_name) const noexcept {
  const auto found = columns_.find(gguf_name);
  return found == columns_.end() ? std::span<const float>() : std::span(found->second);
}

// A matrix that no row went through tells nothing: it is left out.
void ImportanceMatrix::add(std::string name, std::vector<float> sums, double count) {
  const auto fail = [&](const std::string& what) {
    throw Error(ErrorCode::corrupt, file_ + ": entry " + name + ": " + what);
  };
  if (!(count >= 0) || std::isinf(count)) fail("a count of " + std::to_string(count));
  if (count == 0) return;
  for (std::size_t i = 0; i < sums.size(); ++i) {
    if (!(sums[i] >= 0) || std::isinf(sums[i])) {
      fail("value " + std::to_string(i) + " is " + std::to_string(sums[i]));
    }
    sums[i] = static_cast<float>(sums[i] / count);
  }
  if (!columns_.emplace(name, std::move(sums)).second) fail("is there twice");
}

void ImportanceMatrix::read_gguf(std::span<const std::byte> bytes) {
  const GgufFile file(bytes, file_);
  if (const std::string_view type = file.string("general.type"); type != "imatrix") {
    throw Error(ErrorCode::not_supported, file_ + ": general.type: not supported: " +
                                              std::string(type) + ", where imatrix is needed");
  }
  const std::vector<StoredTensor>& tensors = file.tensors().tensors;
  for (const StoredTensor& sums : tensors) {
    if (!sums.name.ends_with(kSums)) continue;
    std::string name = sums.name.substr(0, sums.name.size() - kSums.size());
    const auto counts = std::find_if(tensors.begin(), tensors.end(), [&](const StoredTensor& t) {
      return t.name == name + std::string(kCounts);
    });
    if (counts == tensors.end()) {
      throw Error(ErrorCode::corrupt,
                  file_ + ": tensor " + name + std::string(kCounts) + " is missing");
    }
    const std::vector<float> count = values_of(*counts);
    if (count.size() != 1) {
      throw Error(ErrorCode::not_supported, file_ + ": tensor " + counts->name +
                                                ": not supported: an importance matrix of " +
                                                std::to_string(count.size()) + " experts");
    }
    add(std::move(name), values_of(sums), count.front());
  }
}

void ImportanceMatrix::read_legacy(std::span<const std::byte> bytes) {
  GgufCursor cursor(bytes, file_);
  const auto number = [&](std::string_view what, std::int64_t max) {
    const auto value = cursor.read<std::int32_t>(what);
    if (value < 0 || value > max) {
      cursor.fail(std::string(what) + ": " + std::to_string(value) + " is not in [0, " +
                  std::to_string(max) + "]: not an importance matrix?");
    }
    return value;
  };
  const auto most = static_cast<std::int64_t>(cursor.remaining() / 12);
  const std::int32_t entries = number("the number of entries", most);
  for (std::int32_t i = 0; i < entries; ++i) {
    const auto size = static_cast<std::uint64_t>(number("the length of a name", kMaxName));
    const std::span<const std::byte> text = cursor.take(size, "a name");
    std::string name(reinterpret_cast<const char*>(text.data()), text.size());
    const std::int32_t calls = number("the number of calls", INT32_MAX);
    const auto count = static_cast<std::size_t>(number("the number of values", INT32_MAX));
    const std::span<const std::byte> data = cursor.take(count * sizeof(float), "values");
    std::vector<float> sums(count);
    dequantize(DataType::f32, data.data(), sums.size(), sums.data());
    add(std::move(name), std::move(sums), std::max(calls, 1));
  }
}

}  // namespace tlite

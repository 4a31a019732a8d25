// GGUF files: the container. Metadata by key, tensors by name; what they mean is read elsewhere.
// Specification: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; see
// docs/format-gguf.md.
#pragma once

#include "format/file_weights.hpp"
#include "format/gguf_types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tlite {

// A value as it lies in the file. Of an array, `bytes` holds the elements one after the other, of
// a string its length and characters.
struct GgufValue {
  std::string_view key;
  GgufType type;
  GgufType item;        // element type of an array, else `type`
  std::uint64_t count;  // elements of an array, else 1
  std::span<const std::byte> bytes;
};

// A file's header, checked: every count, length, type and offset. The bytes must outlive it.
// Versions 2 and 3, little endian. All getters throw corrupt, naming file, key and value, for a
// value of another type or out of range, and where a required one is missing.
class GgufFile {
 public:
  // Throws corrupt or not_supported. `file` names the file in messages.
  GgufFile(std::span<const std::byte> bytes, std::string file);
  // The same from the beginning of a file of `size` bytes; tensors that reach behind it are listed
  // without data. Throws GgufCursor::NeedsMore where the header goes on behind the bytes.
  GgufFile(std::span<const std::byte> bytes, std::size_t size, std::string file);

  const std::string& file() const noexcept { return file_; }
  bool has(std::string_view key) const noexcept { return find(key) != nullptr; }
  const GgufValue* find(std::string_view key) const noexcept;
  std::span<const GgufValue> metadata() const noexcept { return metadata_; }  // sorted by key

  // Any integer type counts as an integer, any number as a number.
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  double number(std::string_view key, double min, double max) const;
  bool boolean(std::string_view key) const;
  std::string_view string(std::string_view key) const;
  std::vector<std::string_view> strings(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key) const;

  std::int64_t integer_or(std::string_view key, std::int64_t absent, std::int64_t min,
                          std::int64_t max) const;
  double number_or(std::string_view key, double absent, double min, double max) const;

  // Tensors by the file's names, shapes outermost first.
  const TensorDirectory& tensors() const noexcept { return tensors_; }

 private:
  class Parser;

  const GgufValue& require(std::string_view key) const;
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

  std::string file_;
  std::vector<GgufValue> metadata_;
  TensorDirectory tensors_;
};

}  // namespace tlite

// GGUF files made up by the tests.
#pragma once

#include "unit/support/tiny_checkpoint.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::test {

// Bytes of a value, little endian.
template <class T>
std::string raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// A GGUF string: length and characters.
inline std::string raw_string(std::string_view text) {
  return raw<std::uint64_t>(text.size()) + std::string(text);
}

class GgufBuilder {
 public:
  std::uint32_t version = 3;
  std::uint64_t alignment = 32;

  // A metadata entry of a type number with the bytes of its value.
  GgufBuilder& put(std::string_view key, std::uint32_t type, const std::string& value);
  GgufBuilder& put_u32(std::string_view key, std::uint32_t value);
  GgufBuilder& put_f32(std::string_view key, float value);
  GgufBuilder& put_string(std::string_view key, std::string_view value);
  GgufBuilder& put_strings(std::string_view key, const std::vector<std::string>& values);
  GgufBuilder& put_i32s(std::string_view key, const std::vector<std::int32_t>& values);
  // Takes the entry of this key out again.
  GgufBuilder& drop(std::string_view key);

  // `shape` outermost first, `type` the file's number. Offsets follow from the sizes.
  GgufBuilder& tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                      std::uint32_t type, const std::string& bytes);
  // The same with an offset of one's own; the data section is what the other tensors made it.
  GgufBuilder& tensor_at(std::string_view name, const std::vector<std::uint64_t>& shape,
                         std::uint32_t type, std::uint64_t offset);

  std::string bytes() const;

 private:
  struct Entry {
    std::string key;
    std::string bytes;
  };
  std::vector<Entry> entries_;
  std::vector<std::string> tensors_;
  std::string data_;
};

// A complete model in one file: tiny_checkpoint's weights, tokenizer and template.
GgufBuilder tiny_gguf(const ModelConfig& config = tiny_config(), DataType type = DataType::f32);

// Everything of it but the tensors.
GgufBuilder tiny_gguf_metadata(const ModelConfig& config = tiny_config());

}  // namespace tlite::test

// Writes GGUF files, version 3: the container, whatever it holds. See docs/format-gguf.md.
//
//   GgufHeader header;
//   header.add_string("general.type", "imatrix");
//   header.add_tensor("blk.0.attn_q.weight.counts", DataType::f32, {1});
//   GgufWriter writer("out.gguf", header);
//   writer.write(bytes);   // of all tensors in the order in which they were added
//   writer.commit();
#pragma once

#include "base/output_file.hpp"
#include "format/gguf_file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/data_type.hpp>

namespace tlite {

// Metadata and the list of tensors, as bytes. A key is added once.
class GgufHeader {
 public:
  // Where tensors begin: a multiple of this.
  static constexpr std::uint64_t kAlignment = 32;

  void add_u32(std::string_view key, std::uint32_t value);
  void add_i32(std::string_view key, std::int32_t value);
  void add_f32(std::string_view key, float value);
  void add_bool(std::string_view key, bool value);
  void add_string(std::string_view key, std::string_view value);
  void add_strings(std::string_view key, std::span<const std::string> values);
  void add_i32s(std::string_view key, std::span<const std::int32_t> values);
  // An entry of another file, as it lies there.
  void add(const GgufValue& entry);

  // `shape` outermost first; rows are whole blocks.
  void add_tensor(std::string_view name, DataType type, std::span<const std::uint64_t> shape);

  // The file up to the first tensor, padding included.
  std::string bytes() const;
  // Of the tensors, in order.
  std::span<const std::uint64_t> tensor_bytes() const noexcept { return tensor_bytes_; }
  // Of all tensors and the padding after each.
  std::uint64_t data_bytes() const noexcept { return data_bytes_; }

 private:
  void begin_entry(std::string_view key, GgufType type);

  std::string entries_;
  std::string tensors_;
  std::uint64_t entry_count_ = 0;
  std::vector<std::uint64_t> tensor_bytes_;
  std::uint64_t data_bytes_ = 0;
};

// The file appears when all tensors are written and commit() is called; until then, and where
// something goes wrong, there is none. Throws Error(io), naming the file.
class GgufWriter {
 public:
  GgufWriter(std::string_view path, const GgufHeader& header);

  // The next bytes of the tensors' data; a piece belongs to one tensor. Padding follows by itself.
  void write(std::span<const std::byte> bytes);
  void commit();

 private:
  OutputFile file_;
  std::vector<std::uint64_t> tensor_bytes_;
  std::size_t tensor_ = 0;     // the one that is written
  std::uint64_t written_ = 0;  // of it
};

}  // namespace tlite

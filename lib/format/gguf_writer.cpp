#include "format/gguf_writer.hpp"

#include "format/append.hpp"
#include "format/gguf_types.hpp"

#include <array>
#include <cassert>

namespace tlite {
namespace {

void append_type(std::string& bytes, GgufType type) {
  append(bytes, static_cast<std::uint32_t>(type));
}

void append_text(std::string& bytes, std::string_view text) {
  append(bytes, static_cast<std::uint64_t>(text.size()));
  bytes.append(text);
}

std::uint64_t padding(std::uint64_t size) {
  return (GgufHeader::kAlignment - size % GgufHeader::kAlignment) % GgufHeader::kAlignment;
}

std::uint64_t bytes_of_tensor(DataType type, std::span<const std::uint64_t> shape) {
  assert(shape.empty() || shape.back() % block_shape(type).elements == 0);
  std::uint64_t elements = 1;
  for (const std::uint64_t size : shape) elements *= size;
  return bytes_of(type, elements);
}

}  // namespace

void GgufHeader::begin_entry(std::string_view key, GgufType type) {
  append_text(entries_, key);
  append_type(entries_, type);
  ++entry_count_;
}

void GgufHeader::add_u32(std::string_view key, std::uint32_t value) {
  begin_entry(key, GgufType::uint32);
  append(entries_, value);
}

void GgufHeader::add_i32(std::string_view key, std::int32_t value) {
  begin_entry(key, GgufType::int32);
  append(entries_, value);
}

void GgufHeader::add_f32(std::string_view key, float value) {
  begin_entry(key, GgufType::float32);
  append(entries_, value);
}

void GgufHeader::add_bool(std::string_view key, bool value) {
  begin_entry(key, GgufType::boolean);
  append(entries_, static_cast<std::uint8_t>(value));
}

void GgufHeader::add_string(std::string_view key, std::string_view value) {
  begin_entry(key, GgufType::string);
  append_text(entries_, value);
}

void GgufHeader::add_strings(std::string_view key, std::span<const std::string> values) {
  begin_entry(key, GgufType::array);
  append_type(entries_, GgufType::string);
  append(entries_, static_cast<std::uint64_t>(values.size()));
  for (const std::string& value : values) append_text(entries_, value);
}

void GgufHeader::add_i32s(std::string_view key, std::span<const std::int32_t> values) {
  begin_entry(key, GgufType::array);
  append_type(entries_, GgufType::int32);
  append(entries_, static_cast<std::uint64_t>(values.size()));
  for (const std::int32_t value : values) append(entries_, value);
}

void GgufHeader::add(const GgufValue& entry) {
  begin_entry(entry.key, entry.type);
  if (entry.type == GgufType::array) {
    append_type(entries_, entry.item);
    append(entries_, entry.count);
  }
  entries_.append(reinterpret_cast<const char*>(entry.bytes.data()), entry.bytes.size());
}

void GgufHeader::add_tensor(std::string_view name, DataType type,
                            std::span<const std::uint64_t> shape) {
  append_text(tensors_, name);
  append(tensors_, static_cast<std::uint32_t>(shape.size()));
  for (std::size_t i = shape.size(); i-- > 0;) append(tensors_, shape[i]);  // innermost first
  append(tensors_, gguf_tensor_type(type).number);
  // The offset is counted from the first tensor, so that the size of the header need not be known
  // yet.
  append(tensors_, data_bytes_);
  tensor_bytes_.push_back(bytes_of_tensor(type, shape));
  data_bytes_ += tensor_bytes_.back() + padding(tensor_bytes_.back());
}

std::string GgufHeader::bytes() const {
  std::string file = "GGUF";
  append(file, std::uint32_t{3});
  append(file, static_cast<std::uint64_t>(tensor_bytes_.size()));
  append(file, entry_count_);
  file += entries_;
  file += tensors_;
  return file.append(padding(file.size()), '\0');
}

GgufWriter::GgufWriter(std::string_view path, const GgufHeader& header)
    : file_(path), tensor_bytes_(header.tensor_bytes().begin(), header.tensor_bytes().end()) {
  const std::string bytes = header.bytes();
  // A full disk is told of now, and not after minutes of quantizing.
  file_.reserve(bytes.size() + header.data_bytes());
  file_.write(std::as_bytes(std::span(bytes)));
}

void GgufWriter::write(std::span<const std::byte> bytes) {
  assert(tensor_ < tensor_bytes_.size() && bytes.size() <= tensor_bytes_[tensor_] - written_);
  file_.write(bytes);
  written_ += bytes.size();
  if (written_ < tensor_bytes_[tensor_]) return;
  constexpr std::array<std::byte, GgufHeader::kAlignment> kZeros{};
  file_.write(std::span(kZeros).first(padding(written_)));
  ++tensor_;
  written_ = 0;
}

void GgufWriter::commit() {
  assert(tensor_ == tensor_bytes_.size());
  file_.commit();
}

}  // namespace tlite

#include "format/gguf_writer.hpp"

#include "base/file.hpp"
#include "unit/support/gguf_builder.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::raw;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

TEST_CASE("format/gguf_writer: what is written is read again") {
  const test::TemporaryDirectory folder("gguf");
  const std::string path = folder.path() + "/f.gguf";
  GgufHeader header;
  header.add_u32("u32", 4000000000);
  header.add_i32("i32", -7);
  header.add_f32("f32", 1.5F);
  header.add_bool("bool", true);
  header.add_string("text", "Привет");
  header.add_strings("texts", std::vector<std::string>{"a", "", "b"});
  header.add_i32s("numbers", std::vector<std::int32_t>{3, -4});
  header.add_tensor("blocks", DataType::q8_0, std::array<std::uint64_t, 2>{3, 32});
  header.add_tensor("floats", DataType::f32, std::array<std::uint64_t, 1>{3});
  const std::string blocks(102, 'q');
  const std::string floats = raw(1.0F) + raw(2.0F) + raw(3.0F);
  GgufWriter writer(path, header);
  writer.write(bytes_of(blocks.substr(0, 34)));
  writer.write(bytes_of(blocks.substr(34)));
  writer.write(bytes_of(floats));
  writer.commit();

  const std::unique_ptr<FileContent> content = system_files()->open(path);
  const GgufFile file(content->bytes(), "f");
  CHECK(content->bytes().size() == header.bytes().size() + header.data_bytes());
  CHECK(file.metadata().size() == 7);
  CHECK(file.integer("u32", 0, INT64_MAX) == 4000000000);
  CHECK(file.integer("i32", INT64_MIN, 0) == -7);
  CHECK(file.number("f32", 0, 2) == 1.5);
  CHECK(file.boolean("bool"));
  CHECK(file.string("text") == "Привет");
  CHECK(file.strings("texts") == std::vector<std::string_view>{"a", "", "b"});
  CHECK(file.integers("numbers") == std::vector<std::int64_t>{3, -4});
  REQUIRE(file.tensors().tensors.size() == 2);
  const StoredTensor& first = file.tensors().tensors[0];
  const StoredTensor& second = file.tensors().tensors[1];
  CHECK(first.type == DataType::q8_0);
  CHECK(first.shape == std::vector<std::uint64_t>{3, 32});
  CHECK(std::ranges::equal(first.data, bytes_of(blocks)));
  CHECK(second.shape == std::vector<std::uint64_t>{3});
  CHECK(std::ranges::equal(second.data, bytes_of(floats)));
  CHECK((second.data.data() - content->bytes().data()) % 32 == 0);
}

TEST_CASE("format/gguf_writer: entries of another file keep their types, arrays of arrays too") {
  test::GgufBuilder builder;
  builder.put("u8", 0, raw<std::uint8_t>(200)).put("f64", 12, raw(2.5));
  builder.put_string("text", "a").put_strings("texts", {"b", ""});
  builder.put("nested", 9,
              raw<std::uint32_t>(9) + raw<std::uint64_t>(1) + raw<std::uint32_t>(0) +
                  raw<std::uint64_t>(3) + "xyz");
  const std::string source = builder.bytes();
  const GgufFile file(bytes_of(source), "g");
  GgufHeader header;
  for (const GgufValue& entry : file.metadata()) header.add(entry);
  const std::string written = header.bytes();
  const GgufFile copy(bytes_of(written), "copy");
  REQUIRE(copy.metadata().size() == file.metadata().size());
  for (std::size_t i = 0; i < file.metadata().size(); ++i) {
    const GgufValue& a = file.metadata()[i];
    const GgufValue& b = copy.metadata()[i];
    CAPTURE(a.key);
    CHECK(a.key == b.key);
    CHECK(a.type == b.type);
    CHECK(a.item == b.item);
    CHECK(a.count == b.count);
    CHECK(std::ranges::equal(a.bytes, b.bytes));
  }
}

}  // namespace tlite

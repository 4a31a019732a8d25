#include "format/gguf_file.hpp"

#include "base/file.hpp"
#include "format/gguf_cursor.hpp"
#include "format/json_file.hpp"
#include "tensor/blocks.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"

#include <bit>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::GgufBuilder;
using test::raw;
using test::raw_string;

GgufFile read(const std::string& bytes) { return GgufFile(std::as_bytes(std::span(bytes)), "g"); }

std::string refusal(const std::string& bytes) {
  return error_of([&] { read(bytes); });
}

// A header with counts as given, then `body`.
std::string header(std::uint64_t tensors, std::uint64_t entries, const std::string& body) {
  return "GGUF" + raw<std::uint32_t>(3) + raw(tensors) + raw(entries) + body;
}

GgufBuilder two_tensors() {
  GgufBuilder file;
  file.put_string("general.name", "n");
  file.tensor("a", {2, 32}, 8, std::string(68, 'a'));
  file.tensor("b", {3}, 0, std::string(12, 'b'));
  return file;
}

}  // namespace

TEST_CASE("format/gguf_file: metadata of every type is read in both versions") {
  for (const std::uint32_t version : {2U, 3U}) {
    GgufBuilder builder;
    builder.version = version;
    builder.put("u8", 0, raw<std::uint8_t>(200)).put("i8", 1, raw<std::int8_t>(-100));
    builder.put("u16", 2, raw<std::uint16_t>(60000)).put("i16", 3, raw<std::int16_t>(-30000));
    builder.put("u32", 4, raw<std::uint32_t>(4000000000)).put("i32", 5, raw<std::int32_t>(-2));
    builder.put("f32", 6, raw(1.5F)).put("f64", 12, raw(2.5));
    builder.put("yes", 7, raw<std::uint8_t>(1)).put("no", 7, raw<std::uint8_t>(0));
    builder.put("u64", 10, raw<std::uint64_t>(1) + std::string());
    builder.put("i64", 11, raw<std::int64_t>(std::numeric_limits<std::int64_t>::min()));
    builder.put_string("text", "Привет").put_strings("texts", {"a", "", "b"});
    builder.put_i32s("numbers", {3, -4});
    builder.put("nested", 9,
                raw<std::uint32_t>(9) + raw<std::uint64_t>(1) + raw<std::uint32_t>(0) +
                    raw<std::uint64_t>(3) + "xyz");
    const std::string bytes = builder.bytes();
    const GgufFile file = read(bytes);
    constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
    constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
    CHECK(file.integer("u8", kMin, kMax) == 200);
    CHECK(file.integer("i8", kMin, kMax) == -100);
    CHECK(file.integer("u16", kMin, kMax) == 60000);
    CHECK(file.integer("i16", kMin, kMax) == -30000);
    CHECK(file.integer("u32", kMin, kMax) == 4000000000);
    CHECK(file.integer("i32", kMin, kMax) == -2);
    CHECK(file.integer("u64", kMin, kMax) == 1);
    CHECK(file.integer("i64", kMin, kMax) == kMin);
    CHECK(file.number("f32", 0, 9) == 1.5);
    CHECK(file.number("f64", 0, 9) == 2.5);
    CHECK(file.number("u8", 0, 255) == 200);
    CHECK(file.boolean("yes"));
    CHECK_FALSE(file.boolean("no"));
    CHECK(file.string("text") == "Привет");
    CHECK(file.strings("texts") == std::vector<std::string_view>{"a", "", "b"});
    CHECK(file.integers("numbers") == std::vector<std::int64_t>{3, -4});
    REQUIRE(file.find("nested") != nullptr);
    CHECK(file.find("nested")->item == GgufType::array);
    CHECK(file.find("none") == nullptr);
    CHECK(file.metadata().size() == 16);
  }
}

TEST_CASE("format/gguf_file: a file written by the gguf package") {
  const std::string data = std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/";
  const std::unique_ptr<FileContent> content = system_files()->open(data + "sample.gguf");
  const GgufFile file(content->bytes(), "sample.gguf");
  constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  CHECK(file.string("general.architecture") == "qwen2");
  CHECK(file.integer("test.uint8", kMin, kMax) == 200);
  CHECK(file.integer("test.int8", kMin, kMax) == -100);
  CHECK(file.integer("test.uint16", kMin, kMax) == 60000);
  CHECK(file.integer("test.int16", kMin, kMax) == -30000);
  CHECK(file.integer("test.uint32", kMin, kMax) == 4000000000);
  CHECK(file.integer("test.int32", kMin, kMax) == -2000000000);
  CHECK(file.integer("test.uint64", kMin, kMax) == std::int64_t{1} << 62);
  CHECK(file.integer("test.int64", kMin, kMax) == -(std::int64_t{1} << 62));
  CHECK(file.number("test.float32", 0, 1) == 0.15625);
  CHECK(file.number("test.float64", -1e301, 0) == -1e300);
  CHECK(file.boolean("test.bool"));
  CHECK(file.string("test.string") == "Съешь ещё этих мягких булок");
  CHECK(file.strings("test.strings") == std::vector<std::string_view>{"ĠÐŁ", "", "<|im_end|>"});
  CHECK(file.integers("test.integers") == std::vector<std::int64_t>{1, 3, -5});
  CHECK(file.integers("test.bytes") == std::vector<std::int64_t>{1, 2, 255});

  const JsonFile golden(*system_files(), data + "sample_gguf.json", 1 << 20);
  std::size_t i = 0;
  for (const simdjson::dom::element expected : golden.fields().raw()["tensors"].get_array()) {
    REQUIRE(i < file.tensors().tensors.size());
    const StoredTensor& tensor = file.tensors().tensors[i++];
    const JsonFields fields(expected.get_object(), "golden.");
    CAPTURE(tensor.name);
    CHECK(tensor.name == fields.string("name"));
    const std::vector<std::int64_t> shape = fields.integers("shape", 0, kMax);
    CHECK(std::vector<std::int64_t>(tensor.shape.begin(), tensor.shape.end()) == shape);
    std::vector<float> values(static_cast<std::size_t>(shape[0] * shape[1]));
    dequantize(tensor.type, tensor.data.data(), values.size(), values.data());
    std::vector<std::int64_t> bits;
    for (std::size_t at = 0; at < values.size(); at += 17) {
      bits.push_back(std::bit_cast<std::uint32_t>(values[at]));
    }
    CHECK(bits == fields.integers("bits", 0, kMax));
  }
  CHECK(i == 8);
}

TEST_CASE("format/gguf_file: getters refuse another type, a value out of range, a missing key") {
  GgufBuilder builder;
  builder.put("u64", 10, raw(std::numeric_limits<std::uint64_t>::max()));
  builder.put_f32("nan", std::nanf("")).put_f32("half", 0.5F).put_string("bad", "\xFF");
  builder.put_strings("bads", {"a", "\xC0"}).put_u32("seven", 7).put_i32s("list", {1});
  builder.put("u64s", 9,
              raw<std::uint32_t>(10) + raw<std::uint64_t>(1) +
                  raw(std::numeric_limits<std::uint64_t>::max()));
  const std::string bytes = builder.bytes();
  const GgufFile file = read(bytes);
  CHECK(error_of([&] { file.integer("u64", 0, 9); }) ==
        "corrupt: g: u64: a number above 2^63 is not in [0, 9]");
  CHECK(error_of([&] { file.integer("seven", 8, 9); }) == "corrupt: g: seven: 7 is not in [8, 9]");
  CHECK(error_of([&] { file.integer("half", 0, 9); }) ==
        "corrupt: g: half: expected an integer, found a value of type float32");
  CHECK(error_of([&] { file.number("nan", 0, 9); }) == "corrupt: g: nan: nan is not in [0, 9]");
  CHECK(error_of([&] { file.number("list", 0, 9); }) ==
        "corrupt: g: list: expected a number, found a value of type array");
  CHECK(error_of([&] { file.boolean("seven"); }) ==
        "corrupt: g: seven: expected a bool, found a value of type uint32");
  CHECK(error_of([&] { file.string("seven"); }) ==
        "corrupt: g: seven: expected a string, found a value of type uint32");
  CHECK(error_of([&] { file.string("bad"); }) == "corrupt: g: bad: not UTF-8");
  CHECK(error_of([&] { file.strings("bads"); }) == "corrupt: g: bads: item 1 is not UTF-8");
  CHECK(error_of([&] { file.strings("list"); }) ==
        "corrupt: g: list: expected an array of strings, found values of type int32");
  CHECK(error_of([&] { file.integers("bads"); }) ==
        "corrupt: g: bads: expected an array of integers, found values of type string");
  CHECK(error_of([&] { file.integers("u64s"); }) ==
        "corrupt: g: u64s: item 0 is a number above 2^63");
  CHECK(error_of([&] { file.string("none"); }) == "corrupt: g: none is missing");
}

TEST_CASE("format/gguf_file: tensors have the name, type, shape and bytes of the file") {
  GgufBuilder builder = two_tensors();
  builder.tensor("c", {4}, 24, "1234").tensor("d", {7}, 99, "?");
  const std::string bytes = builder.bytes();
  const GgufFile file = read(bytes);
  const TensorDirectory& found = file.tensors();
  REQUIRE(found.tensors.size() == 2);
  CHECK(found.tensors[0].name == "a");
  CHECK(found.tensors[0].type == DataType::q8_0);
  CHECK(found.tensors[0].shape == std::vector<std::uint64_t>{2, 32});
  CHECK(found.tensors[0].data.size() == 68);
  CHECK(static_cast<char>(found.tensors[1].data[11]) == 'b');
  REQUIRE(found.unsupported.size() == 2);
  CHECK(found.unsupported[0].type == "I8");
  CHECK(found.unsupported[1].type == "number 99");
}

TEST_CASE("format/gguf_file: a file cut at any byte is refused") {
  GgufBuilder builder = two_tensors();
  builder.put_strings("texts", {"a", "bc"}).put_i32s("numbers", {1, 2, 3});
  const std::string bytes = builder.bytes();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(refusal(bytes.substr(0, size)).starts_with("corrupt: g: "));
  }
  CHECK(refusal(bytes) == "nothing");
  CHECK(refusal(bytes + std::string(100, 'x')) == "nothing");
}

TEST_CASE("format/gguf_file: lies in the header are refused with their place") {
  struct Case {
    std::string bytes;
    std::string error;
  };
  constexpr std::uint64_t kHuge = std::numeric_limits<std::uint64_t>::max();
  const std::string u32 = raw<std::uint32_t>(4);
  const std::string array = raw<std::uint32_t>(9);
  const std::string key = raw_string("k");
  std::string deep = key + array;
  for (int i = 0; i < 5; ++i) deep += array + raw<std::uint64_t>(1);
  const Case cases[] = {
      {"GGML" + std::string(60, '\0'), "not a GGUF file: it does not begin with GGUF"},
      {header(kHuge, 0, ""),
       "tensor count: 18446744073709551615 do not fit in the 8 bytes that are left"},
      {header(0, kHuge, std::string(13, ' ')),
       "metadata count: 18446744073709551615 do not fit in the 13 bytes that are left"},
      {header(0, 1, raw(kHuge) + u32 + u32),
       "truncated: a metadata key at byte 32 needs 18446744073709551615 bytes, 8 are left"},
      {header(0, 1, raw_string("\xFFk") + u32 + u32), "a metadata key before byte 34 is not UTF-8"},
      {header(0, 1, raw_string(std::string(70000, 'k')) + u32 + u32),
       "a metadata key before byte 70032 is too long"},
      {header(0, 1, key + raw<std::uint32_t>(13) + u32), "k: 13 is not a metadata type"},
      {header(0, 1, key + raw<std::uint32_t>(8) + raw(kHuge)),
       "truncated: k at byte 45 needs 18446744073709551615 bytes, 0 are left"},
      {header(0, 1, key + array + raw<std::uint32_t>(8) + raw(kHuge) + "12345678"),
       "k: 18446744073709551615 do not fit in the 8 bytes that are left"},
      {header(0, 1, key + array + raw<std::uint32_t>(12) + raw(kHuge / 8 + 2) + "12345678"),
       "k: 2305843009213693953 do not fit in the 8 bytes that are left"},
      {header(0, 1, key + array + raw<std::uint32_t>(99) + raw<std::uint64_t>(0)),
       "k: 99 is not a metadata type"},
      {header(0, 1, deep), "k: arrays nested too deeply"},
      {header(0, 2, key + u32 + u32 + key + u32 + u32), "k is there twice"},
      {std::string(37, '\0'), "not a GGUF file: it does not begin with GGUF"},
      {header(1, 0, "0123456789abc"), "tensor count: 1 do not fit in the 21 bytes that are left"},
  };
  for (const Case& c : cases) CHECK(refusal(c.bytes) == "corrupt: g: " + c.error);
  CHECK(refusal("GGUF" + raw<std::uint32_t>(1) + std::string(60, '\0')) ==
        "not_supported: g: not supported: GGUF version 1");
  CHECK(refusal("GGUF" + raw<std::uint32_t>(0x03000000) + std::string(60, '\0')) ==
        "not_supported: g: not supported: GGUF of big-endian byte order");
}

TEST_CASE("format/gguf_file: tensors that overlap, lie outside or have impossible sizes") {
  constexpr std::uint64_t kHuge = std::uint64_t{1} << 63;
  struct Case {
    std::string name;
    std::vector<std::uint64_t> shape;
    std::uint32_t type;
    std::uint64_t offset;
    std::string error;
  };
  const Case cases[] = {
      {"c",
       {8},
       0,
       64,
       "c: begins at byte 64 of the data, inside the tensor before it, which ends "
       "at 68"},
      {"c",
       {8},
       0,
       0,
       "a: begins at byte 0 of the data, inside the tensor before it, which ends at "
       "32"},
      {"c", {8}, 0, 16, "c: offset 16 is not a multiple of 32"},
      {"c", {4}, 0, 160, "truncated: tensor c: ends at byte 176 of the data, which has 108"},
      {"c",
       {4},
       0,
       kHuge,
       "truncated: tensor c: ends at byte 9223372036854775824 of the data, which "
       "has 108"},
      {"c",
       {4},
       0,
       0xFFFFFFFFFFFFFFE0U,
       "truncated: tensor c: ends at byte 18446744073709551600 of "
       "the data, which has 108"},
      {"c", {1U << 20}, 0, 0xFFFFFFFFFFFFFFE0U, "c: offset 18446744073709551584 overflows"},
      {"c", {kHuge, 4}, 0, 128, "c: F32 [9223372036854775808, 4] is not a possible size"},
      {"c",
       {1U << 31, 1U << 31, 1U << 31},
       1,
       128,
       "c: F16 [2147483648, 2147483648, 2147483648] is not a possible size"},
      {"c", {2, 100}, 12, 128, "c: rows of 100 are not whole Q4_K blocks of 256"},
      {"c", {2, 33}, 8, 128, "c: rows of 33 are not whole Q8_0 blocks of 32"},
      {"c", {}, 0, 128, "c: 0 dimensions, where 1 to 4 are possible"},
      {"c", {1, 1, 1, 1, 1}, 0, 128, "c: 5 dimensions, where 1 to 4 are possible"},
  };
  for (const Case& c : cases) {
    const std::string bytes = two_tensors().tensor_at(c.name, c.shape, c.type, c.offset).bytes();
    const std::string where = c.error.starts_with("truncated") ? "" : "tensor ";
    CHECK(refusal(bytes) == "corrupt: g: " + where + c.error);
  }
}

TEST_CASE("format/gguf_file: the beginning of a file says the same, or how much more it needs") {
  const std::string bytes = two_tensors().bytes();
  const GgufFile whole = read(bytes);
  const std::size_t data = whole.tensors().tensors[0].offset;
  std::size_t known = 0;
  std::size_t tries = 0;
  for (; known < data; ++tries) {
    REQUIRE(tries < 100);
    try {
      GgufFile(std::as_bytes(std::span(bytes)).first(known), bytes.size(), "g");
      break;
    } catch (const GgufCursor::NeedsMore& more) {
      REQUIRE(more.bytes > known);
      REQUIRE(more.bytes <= bytes.size());
      known = more.bytes;
    }
  }
  CHECK(tries > 10);
  const GgufFile part(std::as_bytes(std::span(bytes)).first(known), bytes.size(), "g");
  REQUIRE(part.tensors().tensors.size() == 2);
  for (std::size_t i = 0; i < 2; ++i) {
    const StoredTensor& tensor = part.tensors().tensors[i];
    CHECK(tensor.offset == whole.tensors().tensors[i].offset);
    CHECK(tensor.bytes() == whole.tensors().tensors[i].data.size());
    CHECK(tensor.data.empty());
  }
  // What is wrong with the file is said the same way.
  const std::string cut = bytes.substr(0, data + 1);
  CHECK(error_of([&] { GgufFile(std::as_bytes(std::span(cut)).first(known), cut.size(), "g"); }) ==
        refusal(cut));
}

TEST_CASE("format/gguf_file: the alignment is the file's, and a power of two") {
  for (const std::uint32_t alignment : {1U, 8U, 64U, 4096U}) {
    GgufBuilder builder;
    builder.alignment = alignment;
    builder.put_u32("general.alignment", alignment);
    builder.tensor("a", {3}, 0, std::string(12, 'a')).tensor("b", {1}, 0, "bbbb");
    const std::string bytes = builder.bytes();
    const GgufFile file = read(bytes);
    CHECK(static_cast<char>(file.tensors().tensors[0].data[11]) == 'a');
    CHECK(static_cast<char>(file.tensors().tensors[1].data[0]) == 'b');
  }
  const auto with = [](std::uint32_t alignment) {
    GgufBuilder builder = two_tensors();
    return refusal(builder.put_u32("general.alignment", alignment).bytes());
  };
  CHECK(with(0) == "corrupt: g: general.alignment: 0 is not in [1, 1048576]");
  CHECK(with(24) == "corrupt: g: general.alignment: 24 is not a power of two");
  CHECK(with(4294967295) == "corrupt: g: general.alignment: 4294967295 is not in [1, 1048576]");
  GgufBuilder builder;
  CHECK(refusal(builder.put_string("general.alignment", "32").bytes()) ==
        "corrupt: g: general.alignment: expected an integer, found a value of type string");
}

}  // namespace tlite

#include "format/safetensors.hpp"

#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::MemoryFiles;
using test::safetensors_bytes;
using test::safetensors_with_header;
using test::TestTensor;

std::string refusal(const std::string& file) {
  return error_of([&] { read_safetensors(std::as_bytes(std::span(file)), "w"); });
}

std::string header_refusal(const std::string& header, std::size_t data_bytes) {
  return refusal(safetensors_with_header(header, data_bytes));
}

const std::vector<TestTensor> kTwo = {{"a", "F32", {2, 2}, std::string(16, 'a')},
                                      {"b", "BF16", {3}, std::string(6, 'b')}};

}  // namespace

TEST_CASE("format/safetensors: tensors have the name, type, shape and bytes of the file") {
  const std::string file = safetensors_bytes(kTwo);
  const TensorDirectory found = read_safetensors(std::as_bytes(std::span(file)), "w");
  REQUIRE(found.tensors.size() == 2);
  CHECK(found.tensors[0].name == "a");
  CHECK(found.tensors[0].type == DataType::f32);
  CHECK(found.tensors[0].shape == std::vector<std::uint64_t>{2, 2});
  CHECK(found.tensors[0].data.size() == 16);
  CHECK(found.tensors[1].type == DataType::bf16);
  CHECK(static_cast<char>(found.tensors[1].data[5]) == 'b');
}

TEST_CASE("format/safetensors: empty tensors, scalars and foreign types are listed") {
  const std::string file = safetensors_bytes({{"none", "F16", {0, 7}, ""},
                                              {"scalar", "F32", {}, "1234"},
                                              {"ids", "I64", {1}, "12345678"},
                                              {"nibbles", "F4", {4}, "12"}});
  const TensorDirectory found = read_safetensors(std::as_bytes(std::span(file)), "w");
  REQUIRE(found.tensors.size() == 2);
  REQUIRE(found.unsupported.size() == 2);
  CHECK(found.unsupported[0].type == "I64");
}

TEST_CASE("format/safetensors: a bad header is refused with its place") {
  struct Case {
    std::string header;
    std::size_t data_bytes;
    std::string error;
  };
  const std::string f32 = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)";
  const Case cases[] = {
      {"", 0, "corrupt: w: not JSON: Empty: no JSON found"},
      {"[]", 0, "corrupt: w: expected a JSON object, found an array"},
      {"{\"a\":1}", 0, "corrupt: w: tensor a: expected an object, found 1"},
      {R"({"a":{}})", 0, "corrupt: w: tensor a: shape is missing"},
      {R"({"a":{"shape":[1]}})", 0, "corrupt: w: tensor a: dtype is missing"},
      {R"({"a":{"shape":[1],"dtype":"F32"}})", 0, "corrupt: w: tensor a: data_offsets is missing"},
      {R"({"a":{"shape":[1],"dtype":"Q9","data_offsets":[0,4]}})", 4,
       "corrupt: w: tensor a: dtype: \"Q9\" is not a known type"},
      {R"({"a":{"shape":[-1],"dtype":"F32","data_offsets":[0,4]}})", 4,
       "corrupt: w: tensor a: shape: -1 is not in [0, 9223372036854775807]"},
      {R"({"a":{"shape":[1.0],"dtype":"F32","data_offsets":[0,4]}})", 4,
       "corrupt: w: tensor a: shape: expected an integer, found 1.0"},
      {R"({"a":{"shape":[1,1,1,1,1,1,1,1,1],"dtype":"F32","data_offsets":[0,4]}})", 4,
       "corrupt: w: tensor a: shape: 9 numbers, where at most 8 make sense"},
      {f32 + "[8,0]}}", 8, "corrupt: w: tensor a: data_offsets: not a begin and an end"},
      {f32 + "[8]}}", 8, "corrupt: w: tensor a: data_offsets: not a begin and an end"},
      {f32 + "[0,18446744073709551615]}}", 8,
       "corrupt: w: tensor a: data_offsets: 18446744073709551615 is not in "
       "[0, 9223372036854775807]"},
      {f32 + "[0,9223372036854775807]}}", 8,
       "corrupt: w: tensor a: ends at byte 9223372036854775807 of the data, which has 8"},
      {f32 + "[0,16]}}", 8, "corrupt: w: tensor a: ends at byte 16 of the data, which has 8"},
      {f32 + "[0,4]}}", 4, "corrupt: w: tensor a: F32 [2] needs 8 bytes, the file gives it 4"},
      {f32 + "[4,12]}}", 12,
       "corrupt: w: tensor a: begins at byte 4 of the data, with a hole behind the tensor before "
       "it, which ends at 0"},
      {f32 + R"([0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12,
       "corrupt: w: tensor b: begins at byte 4 of the data, inside the tensor before it, which "
       "ends at 8"},
      {f32 + R"([0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8,
       "corrupt: w: tensor b: begins at byte 0 of the data, inside the tensor before it, which "
       "ends at 8"},
      {f32 + "[0,8]}}", 10, "corrupt: w: 2 bytes at the end belong to no tensor"},
      {R"({"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
       "corrupt: w: tensor a: F32 [4294967296, 4294967296] is not a possible size"},
      {R"({"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}})", 2,
       "corrupt: w: tensor a: F4 [3] is not a possible size"},
      {R"({"a":{"dtype":"F32")", 0,
       "corrupt: w: not JSON: The JSON document has an improper structure: missing or "
       "superfluous commas, braces, missing keys, etc."},
      {"{\"a\":" + std::string(100'000, '[') + "}", 0,
       "corrupt: w: not JSON: The JSON document was too deep (too many nested objects "
       "and arrays)"},
      {"{\"\xFF\":{}}", 0, "corrupt: w: not JSON: The input is not valid UTF-8"},
  };
  for (const Case& c : cases) CHECK(header_refusal(c.header, c.data_bytes) == c.error);
}

TEST_CASE("format/safetensors: a file cut at any byte is refused, and so is one byte too many") {
  const std::string file = safetensors_bytes(kTwo);
  for (std::size_t size = 0; size < file.size(); ++size) {
    CHECK(refusal(file.substr(0, size)).starts_with("corrupt: w: "));
  }
  CHECK(refusal(file) == "nothing");
  CHECK(refusal(file + "x") == "corrupt: w: 1 bytes at the end belong to no tensor");
}

TEST_CASE("format/safetensors: header lengths that lie are refused") {
  const auto with_length = [](std::uint64_t length) {
    std::string file = safetensors_bytes(kTwo);
    for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(length >> (8 * i));
    return refusal(file);
  };
  CHECK(with_length(0xFFFFFFFFFFFFFFFFU) ==
        "corrupt: w: a header of 18446744073709551615 bytes is larger than the limit of 100000000");
  CHECK(with_length(100'000'001) ==
        "corrupt: w: a header of 100000001 bytes is larger than the limit of 100000000");
  CHECK(with_length(100'000'000).starts_with("corrupt: w: truncated: the header ends at byte "));
  CHECK(refusal("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 15\n") ==
        "corrupt: w: this is a Git LFS pointer, not the file it points to; run `git lfs pull`");
}

TEST_CASE("format/safetensors: shards are found by the index, each tensor in the one it names") {
  MemoryFiles files;
  files["m/1"] = safetensors_bytes({kTwo[0]});
  files["m/2"] = safetensors_bytes({kTwo[0], kTwo[1]});
  std::string& index = files["m/model.safetensors.index.json"];
  index = R"({"metadata":{"total_size":22},"weight_map":{"a":"1","b":"2"}})";
  const std::unique_ptr<WeightSource> weights = open_safetensors_directory("m", files);
  REQUIRE(weights->find("a") != nullptr);
  CHECK(weights->find("a")->file == "m/1");
  CHECK(weights->find("b")->file == "m/2");
  CHECK(weights->find("c") == nullptr);

  struct Case {
    std::string index;
    std::string error;
  };
  const Case cases[] = {
      {R"({"weight_map":{"a":"3"}})",
       "not_found: m/3: no such file, and m/model.safetensors.index.json names it"},
      {R"({"weight_map":{"a":"../1"}})",
       "corrupt: m/model.safetensors.index.json: weight_map.a: \"../1\" is not a file name"},
      {R"({"weight_map":{"a":1}})",
       "corrupt: m/model.safetensors.index.json: weight_map.a: expected a file name, found 1"},
      {R"({"weight_map":{"b":"1","c":"2"}})", "corrupt: m/2: tensor a is there twice, also in m/1"},
      {R"({"weight_map":{}})",
       "corrupt: m/model.safetensors.index.json: weight_map names no tensor"},
      {R"({})", "corrupt: m/model.safetensors.index.json: weight_map is missing"},
  };
  for (const Case& c : cases) {
    index = c.index;
    CHECK(error_of([&] { open_safetensors_directory("m", files); }) == c.error);
  }
}

TEST_CASE("format/safetensors: an index that is out of step with its shards names the files") {
  MemoryFiles files;
  files["m/1"] = safetensors_bytes({kTwo[0]});
  files["m/2"] = safetensors_bytes({kTwo[1]});
  for (const char* const map : {R"({"a":"1","b":"1","c":"2"})",     // b elsewhere, c nowhere
                                R"({"b":"2","c":"1"})",             // a left out
                                R"({"a":"1","a":"2","b":"1"})"}) {  // the last of equal names
    files["m/model.safetensors.index.json"] = std::string(R"({"weight_map":)") + map + "}";
    const std::unique_ptr<WeightSource> weights = open_safetensors_directory("m", files);
    REQUIRE(weights->find("a") != nullptr);
    CHECK(weights->find("a")->file == "m/1");
    CHECK(weights->find("b")->file == "m/2");
    CHECK(weights->find("c") == nullptr);
  }
}

TEST_CASE("format/safetensors: two tensors of one name are refused") {
  MemoryFiles files;
  files["m/model.safetensors"] = safetensors_bytes({kTwo[0], kTwo[0]});
  CHECK(error_of([&] { open_safetensors_directory("m", files); }) ==
        "corrupt: m/model.safetensors: tensor a is there twice");
  const TestTensor foreign{"a", "U8", {1}, "x"};
  for (const std::vector<TestTensor>& tensors :
       {std::vector{foreign, foreign}, {kTwo[0], foreign}}) {
    files["m/model.safetensors"] = safetensors_bytes(tensors);
    CHECK(error_of([&] { open_safetensors_directory("m", files); }) ==
          "corrupt: m/model.safetensors: tensor a is there twice");
  }
}

TEST_CASE("format/safetensors: a directory without weights says what is missing") {
  MemoryFiles files;
  CHECK(error_of([&] { open_safetensors_directory("m", files); }) ==
        "not_found: m: neither model.safetensors nor model.safetensors.index.json is there");
  files["m/pytorch_model.bin"] = "x";
  CHECK(error_of([&] { open_safetensors_directory("m", files); }) ==
        "not_supported: m/pytorch_model.bin: not supported: weights in a pickle");
}

}  // namespace tlite

#include "format/imatrix_writer.hpp"

#include "format/gguf_file.hpp"
#include "format/imatrix.hpp"
#include "format/tensor_list.hpp"
#include "unit/support/gguf_builder.hpp"
#include "unit/support/memory_files.hpp"

#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

// 6 rows in chunks of 4: the second chunk is cut short.
ImportanceSums sample() {
  return {{{"blk.0.attn_q.weight", {6, 12, 0}, 6}, {"blk.0.ffn_down.weight", {3}, 6}}, 4, "текст"};
}

std::vector<float> columns(const std::string& file, std::string_view name) {
  test::MemoryFiles files;
  files["i"] = file;
  const ImportanceMatrix matrix = ImportanceMatrix::read("i", files);
  CHECK(matrix.size() == 2);
  return {matrix.find(name).begin(), matrix.find(name).end()};
}

}  // namespace

TEST_CASE("format/imatrix_writer: both formats are read back as mean squares") {
  for (const std::string& file : {imatrix_gguf_file(sample()), imatrix_dat_file(sample())}) {
    CHECK(columns(file, "blk.0.attn_q.weight") == std::vector<float>{1, 2, 0});
    CHECK(columns(file, "blk.0.ffn_down.weight") == std::vector<float>{0.5F});
  }
}

TEST_CASE("format/imatrix_writer: the GGUF file says what it is") {
  const std::string bytes = imatrix_gguf_file(sample());
  const GgufFile file(std::as_bytes(std::span(bytes)), "i");
  CHECK(file.string("general.type") == "imatrix");
  CHECK(file.strings("imatrix.datasets") == std::vector<std::string_view>{"текст"});
  CHECK(file.integer("imatrix.chunk_count", 0, 99) == 2);
  CHECK(file.integer("imatrix.chunk_size", 0, 99) == 4);
  std::vector<std::string> tensors;
  for (const StoredTensor& tensor : file.tensors().tensors) {
    tensors.push_back(tensor.name + " " + shape_text(tensor.shape));
    CHECK(tensor.type == DataType::f32);
  }
  CHECK(tensors == std::vector<std::string>{"blk.0.attn_q.weight.in_sum2 [1, 3]",
                                            "blk.0.attn_q.weight.counts [1, 1]",
                                            "blk.0.ffn_down.weight.in_sum2 [1, 1]",
                                            "blk.0.ffn_down.weight.counts [1, 1]"});
  ImportanceSums nameless = sample();
  nameless.dataset.clear();
  const std::string other = imatrix_gguf_file(nameless);
  CHECK(GgufFile(std::as_bytes(std::span(other)), "i").strings("imatrix.datasets").empty());
}

TEST_CASE("format/imatrix_writer: the older format, byte for byte") {
  using test::raw;
  const auto text = [](const std::string& s) {
    return raw(static_cast<std::int32_t>(s.size())) + s;
  };
  // Means times the calls, which are chunks here as in llama.cpp.
  CHECK(imatrix_dat_file(sample()) == raw<std::int32_t>(2) + text("blk.0.attn_q.weight") +
                                          raw<std::int32_t>(2) + raw<std::int32_t>(3) + raw(2.0F) +
                                          raw(4.0F) + raw(0.0F) + text("blk.0.ffn_down.weight") +
                                          raw<std::int32_t>(2) + raw<std::int32_t>(1) + raw(1.0F) +
                                          raw<std::int32_t>(2) + text("текст"));
}

}  // namespace tlite

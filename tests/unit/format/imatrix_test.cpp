#include "format/imatrix.hpp"

#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"
#include "unit/support/memory_files.hpp"

#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::GgufBuilder;
using test::raw;

std::string floats(const std::vector<float>& values) {
  std::string bytes;
  for (const float value : values) bytes += raw(value);
  return bytes;
}

GgufBuilder gguf(const std::vector<float>& sums, float count) {
  GgufBuilder file;
  file.put_string("general.type", "imatrix");
  file.tensor("blk.0.attn_q.weight.in_sum2", {1, sums.size()}, 0, floats(sums));
  return file.tensor("blk.0.attn_q.weight.counts", {1, 1}, 0, floats({count}));
}

std::string legacy_entry(const std::string& name, std::int32_t calls,
                         const std::vector<float>& sums) {
  return raw(static_cast<std::int32_t>(name.size())) + name + raw(calls) +
         raw(static_cast<std::int32_t>(sums.size())) + floats(sums);
}

ImportanceMatrix read(const std::string& bytes) {
  test::MemoryFiles files;
  files["i"] = bytes;
  return ImportanceMatrix::read("i", files);
}

std::vector<float> columns(const ImportanceMatrix& matrix, std::string_view name) {
  const std::span<const float> found = matrix.find(name);
  return {found.begin(), found.end()};
}

}  // namespace

TEST_CASE("format/imatrix: both forms give the mean square of each column") {
  const ImportanceMatrix a = read(gguf({4, 8, 0}, 4).bytes());
  CHECK(a.size() == 1);
  CHECK(columns(a, "blk.0.attn_q.weight") == std::vector<float>{1, 2, 0});
  CHECK(columns(a, "blk.1.attn_q.weight").empty());
  const ImportanceMatrix b =
      read(raw<std::int32_t>(2) + legacy_entry("a", 2, {3, 5}) + legacy_entry("b", 1, {7}) +
           raw<std::int32_t>(5) + raw<std::int32_t>(4) + "text");
  CHECK(b.size() == 2);
  CHECK(columns(b, "a") == std::vector<float>{1.5F, 2.5F});
  CHECK(columns(b, "b") == std::vector<float>{7});
}

TEST_CASE("format/imatrix: what is refused") {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const std::string entry = "corrupt: i: entry blk.0.attn_q.weight: ";
  const struct {
    std::string bytes;
    std::string error;
  } cases[] = {
      {gguf({1, -2}, 1).bytes(), entry + "value 1 is -2.000000"},
      {gguf({1, kNan}, 1).bytes(), entry + "value 1 is nan"},
      {gguf({1}, -1).bytes(), entry + "a count of -1.000000"},
      {gguf({1}, 0).bytes(), "corrupt: i: an importance matrix without entries"},
      {gguf({1}, 1).put_string("general.type", "model").bytes(),
       "not_supported: i: general.type: not supported: model, where imatrix is needed"},
      {GgufBuilder()
           .put_string("general.type", "imatrix")
           .tensor("a.in_sum2", {1}, 0, floats({1}))
           .bytes(),
       "corrupt: i: tensor a.counts is missing"},
      {GgufBuilder()
           .put_string("general.type", "imatrix")
           .tensor("a.in_sum2", {1}, 0, floats({1}))
           .tensor("a.counts", {2}, 0, floats({1, 1}))
           .bytes(),
       "not_supported: i: tensor a.counts: not supported: an importance matrix of 2 experts"},
      {"", "corrupt: i: truncated: the number of entries at byte 0 needs 4 bytes, 0 are left"},
      {raw<std::int32_t>(1000),
       "corrupt: i: the number of entries: 1000 is not in [0, 0]: not an importance matrix?"},
      {raw<std::int32_t>(1) + legacy_entry("a", 1, {1, 2}).substr(0, 15),
       "corrupt: i: truncated: values at byte 17 needs 8 bytes, 2 are left"},
      {raw<std::int32_t>(2) + legacy_entry("a", 1, {1}) + legacy_entry("a", 1, {1}),
       "corrupt: i: entry a: is there twice"},
  };
  for (const auto& one : cases) {
    CHECK(test::error_of([&] { read(one.bytes); }) == one.error);
  }
}

}  // namespace tlite

#include "format/imatrix_writer.hpp"

#include "format/append.hpp"
#include "format/gguf_writer.hpp"

#include <algorithm>
#include <span>

namespace tlite {
namespace {

void append_text(std::string& bytes, const std::string& text) {
  append(bytes, static_cast<std::int32_t>(text.size()));
  bytes += text;
}

void pad(std::string& bytes) {
  constexpr std::size_t kAlignment = GgufHeader::kAlignment;
  bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment);
}

}  // namespace

std::uint32_t ImportanceSums::chunks() const noexcept {
  std::uint64_t rows = 0;
  for (const SquareSums& matrix : matrices) rows = std::max(rows, matrix.rows);
  return static_cast<std::uint32_t>((rows + chunk - 1) / chunk);
}

std::string imatrix_gguf_file(const ImportanceSums& sums) {
  GgufHeader header;
  header.add_string("general.type", "imatrix");
  header.add_strings("imatrix.datasets", {&sums.dataset, sums.dataset.empty() ? 0U : 1U});
  header.add_u32("imatrix.chunk_count", sums.chunks());
  header.add_u32("imatrix.chunk_size", sums.chunk);
  for (const SquareSums& matrix : sums.matrices) {
    const std::uint64_t shape[] = {1, matrix.columns.size()};
    header.add_tensor(matrix.name + ".in_sum2", DataType::f32, shape);
    const std::uint64_t one[] = {1, 1};
    header.add_tensor(matrix.name + ".counts", DataType::f32, one);
  }
  std::string bytes = header.bytes();
  for (const SquareSums& matrix : sums.matrices) {
    for (const double sum : matrix.columns) append(bytes, static_cast<float>(sum));
    pad(bytes);
    append(bytes, static_cast<float>(matrix.rows));
    pad(bytes);
  }
  return bytes;
}

std::string imatrix_dat_file(const ImportanceSums& sums) {
  std::string bytes;
  append(bytes, static_cast<std::int32_t>(sums.matrices.size()));
  const std::uint32_t chunks = sums.chunks();
  for (const SquareSums& matrix : sums.matrices) {
    append_text(bytes, matrix.name);
    append(bytes, static_cast<std::int32_t>(chunks));
    append(bytes, static_cast<std::int32_t>(matrix.columns.size()));
    const double scale = static_cast<double>(chunks) / static_cast<double>(matrix.rows);
    for (const double sum : matrix.columns) append(bytes, static_cast<float>(sum * scale));
  }
  append(bytes, static_cast<std::int32_t>(chunks));
  append_text(bytes, sums.dataset);
  return bytes;
}

}  // namespace tlite

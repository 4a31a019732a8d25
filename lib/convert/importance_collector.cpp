#include "convert/importance_collector.hpp"

#include "format/tensor_list.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string_view>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// Squares of f32 are finite in double: what is not, comes of an input that is not.
void check_sums(std::string_view tensor, const std::vector<double>& columns) {
  constexpr double kMost = std::numeric_limits<float>::max();
  const auto bad = std::ranges::find_if(columns, [](double sum) { return !(sum <= kMost); });
  if (bad == columns.end()) return;
  throw Error(ErrorCode::corrupt, "the sum of the squared inputs of " + std::string(tensor) +
                                      " in column " + std::to_string(bad - columns.begin()) +
                                      " is " + std::to_string(*bad) +
                                      ": a weight of the model is NaN or infinite, or the model "
                                      "overflows");
}

}  // namespace

ImportanceCollector::ImportanceCollector(const ModelConfig& config) {
  for (const ExpectedTensor& tensor : expected_tensors(config)) {
    if (tensor.shape.size() != 2 || !in_layer(tensor.id.kind)) continue;
    sums_[tensor.name] = {gguf_name(tensor.id), std::vector<double>(tensor.shape[1]), 0};
  }
}

void ImportanceCollector::add(const MatrixInput& input) {
  const auto found = sums_.find(input.tensor);
  if (found == sums_.end()) return;
  std::vector<double>& columns = found->second.columns;
  for (std::size_t row = 0; row < input.values.size(); row += input.columns) {
    for (std::size_t i = 0; i < input.columns; ++i) {
      const double value = input.values[row + i];
      columns[i] += value * value;
    }
    ++found->second.rows;
  }
  check_sums(input.tensor, columns);
}

std::vector<SquareSums> ImportanceCollector::take() {
  std::vector<SquareSums> all;
  for (auto& [name, sums] : sums_) all.push_back(std::move(sums));
  return all;
}

}  // namespace tlite

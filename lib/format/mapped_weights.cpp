#include "format/mapped_weights.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };

template <class Tensor>
const Tensor* find_in(const std::vector<Tensor>& sorted, std::string_view name) noexcept {
  const auto found = std::lower_bound(
      sorted.begin(), sorted.end(), name,
      [](const Tensor& tensor, std::string_view key) { return tensor.name < key; });
  return found != sorted.end() && found->name == name ? &*found : nullptr;
}

[[noreturn]] void throw_duplicate(const std::string& name, const std::string& first,
                                  const std::string& second) {
  throw Error(ErrorCode::corrupt, second + ": tensor " + name + " is there twice" +
                                      (first == second ? std::string() : ", also in " + first));
}

}  // namespace

void MappedWeights::add(std::unique_ptr<FileContent> file, TensorDirectory found) {
  files_.push_back(std::move(file));
  std::move(found.tensors.begin(), found.tensors.end(), std::back_inserter(directory_.tensors));
  std::move(found.unsupported.begin(), found.unsupported.end(),
            std::back_inserter(directory_.unsupported));
}

void MappedWeights::finish() {
  std::vector<StoredTensor>& tensors = directory_.tensors;
  std::sort(tensors.begin(), tensors.end(), by_name);
  std::sort(directory_.unsupported.begin(), directory_.unsupported.end(), by_name);
  for (std::size_t i = 1; i < tensors.size(); ++i) {
    const StoredTensor& a = tensors[i - 1];
    const StoredTensor& b = tensors[i];
    if (a.name == b.name) throw_duplicate(a.name, a.file, b.file);
  }
  for (const UnsupportedTensor& tensor : directory_.unsupported) {
    const StoredTensor* other = find(tensor.name);
    if (other != nullptr) throw_duplicate(tensor.name, other->file, tensor.file);
  }
}

const StoredTensor* MappedWeights::find(std::string_view name) const noexcept {
  return find_in(directory_.tensors, name);
}

const UnsupportedTensor* MappedWeights::find_unsupported(std::string_view name) const noexcept {
  return find_in(directory_.unsupported, name);
}

}  // namespace tlite

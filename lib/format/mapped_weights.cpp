#include "format/mapped_weights.hpp"

#include <algorithm>
#include <functional>
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

template <class Tensor>
void sort_and_check(std::vector<Tensor>& tensors) {
  std::sort(tensors.begin(), tensors.end(), by_name);
  const auto same = [](const Tensor& a, const Tensor& b) { return a.name == b.name; };
  const auto found = std::adjacent_find(tensors.begin(), tensors.end(), same);
  if (found != tensors.end()) throw_duplicate(found->name, found->file, std::next(found)->file);
}

}  // namespace

void MappedWeights::add(std::unique_ptr<FileContent> file, TensorDirectory found) {
  for (StoredTensor& tensor : found.tensors) {
    tensor.data = file->bytes().subspan(tensor.offset, tensor.bytes());
  }
  files_.push_back(std::move(file));
  std::move(found.tensors.begin(), found.tensors.end(), std::back_inserter(directory_.tensors));
  std::move(found.unsupported.begin(), found.unsupported.end(),
            std::back_inserter(directory_.unsupported));
}

void MappedWeights::add_prefix(std::string_view prefix, std::string_view kept) {
  const auto add = [&](auto& tensor) {
    if (tensor.name != kept) tensor.name.insert(0, prefix);
  };
  std::for_each(directory_.tensors.begin(), directory_.tensors.end(), add);
  std::for_each(directory_.unsupported.begin(), directory_.unsupported.end(), add);
}

void MappedWeights::finish() {
  sort_and_check(directory_.tensors);
  sort_and_check(directory_.unsupported);
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

const FileContent* MappedWeights::file_of(std::span<const std::byte> part) const noexcept {
  constexpr std::less_equal<const std::byte*> at_most;
  for (const std::unique_ptr<FileContent>& file : files_) {
    const std::span<const std::byte> all = file->bytes();
    if (at_most(all.data(), part.data()) &&
        at_most(part.data() + part.size(), all.data() + all.size())) {
      return file.get();
    }
  }
  return nullptr;
}

void MappedWeights::will_read(std::span<const std::byte> part) const noexcept {
  if (const FileContent* file = file_of(part)) file->will_read(part);
}

void MappedWeights::was_read(std::span<const std::byte> part) const noexcept {
  if (const FileContent* file = file_of(part)) file->was_read(part);
}

}  // namespace tlite

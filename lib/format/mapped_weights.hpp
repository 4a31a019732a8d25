// The tensors of one or several mapped files: the WeightSource of every format.
#pragma once

#include "format/weight_source.hpp"

#include <memory>
#include <string_view>
#include <vector>

#include <tlite/host.hpp>

namespace tlite {

// What a format's reader finds in one file.
struct TensorDirectory {
  std::vector<StoredTensor> tensors;
  std::vector<UnsupportedTensor> unsupported;
};

class MappedWeights final : public WeightSource {
 public:
  // Keeps the file open as long as this lives, and adds what was found in it, by its offset.
  void add(std::unique_ptr<FileContent> file, TensorDirectory found);
  // Puts `prefix` before the name of every tensor but those in `kept`.
  void add_prefix(std::string_view prefix, std::string_view kept);
  // After the last add: sorts by name. Throws corrupt where two tensors have one name.
  void finish();

  const StoredTensor* find(std::string_view name) const noexcept override;
  std::span<const StoredTensor> tensors() const noexcept override { return directory_.tensors; }
  const UnsupportedTensor* find_unsupported(std::string_view name) const noexcept override;
  std::span<const UnsupportedTensor> unsupported() const noexcept override {
    return directory_.unsupported;
  }
  void will_read(std::span<const std::byte> part) const noexcept override;
  void was_read(std::span<const std::byte> part) const noexcept override;

 private:
  const FileContent* file_of(std::span<const std::byte> part) const noexcept;

  std::vector<std::unique_ptr<FileContent>> files_;
  TensorDirectory directory_;
};

}  // namespace tlite

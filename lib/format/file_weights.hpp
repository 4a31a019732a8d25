// The tensors of one or several files, mapped or read: the WeightSource of every format.
#pragma once

#include "base/buffer.hpp"
#include "base/input_file.hpp"
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

class FileWeights final : public WeightSource {
 public:
  explicit FileWeights(WeightAccess access) : access_(access) {}

  // Adds what was found in a file, by its offset. The file stays mapped as long as this lives; one
  // that is to be read, and is not a host's, stays open until close().
  void add(InputFile file, TensorDirectory found);
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
  std::span<const std::byte> part(const StoredTensor& tensor, std::size_t offset, std::size_t size,
                                  std::vector<std::byte>& space) const override;
  void keep(std::span<const StoredTensor* const> tensors,
            const std::shared_ptr<Allocator>& allocator, int threads,
            const LoadProgress& progress) override;
  void close() noexcept override { inputs_.clear(); }
  void will_read(std::span<const std::byte> part) const noexcept override;
  void was_read(std::span<const std::byte> part) const noexcept override;

 private:
  const FileContent* file_of(std::span<const std::byte> part) const noexcept;
  const InputFile& input_of(const StoredTensor& tensor) const noexcept;

  WeightAccess access_;
  std::vector<std::unique_ptr<FileContent>> files_;  // mapped
  std::vector<InputFile> inputs_;                    // to be read
  Buffer kept_;                                      // what was read of them
  TensorDirectory directory_;
};

}  // namespace tlite

// Named tensors as they lie in files, whatever the file format: what model/ loads weights from.
#pragma once

#include "tensor/blocks.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/data_type.hpp>
#include <tlite/host.hpp>

namespace tlite {

// How weights are reached: where the files are mapped, or read where and when they are needed.
enum class WeightAccess { map, read };

// One tensor in a file. Its place is checked: it lies inside the file and has the size that shape
// and type ask for. `data` lives as long as the WeightSource; not necessarily aligned to the
// element. It is empty where the files are read, but for what was kept.
struct StoredTensor {
  std::string name;  // Hugging Face's name: "model.layers.0.self_attn.q_proj.weight"
  DataType type = DataType::f32;
  std::vector<std::uint64_t> shape;  // row-major, outermost first: [out_features, in_features]
  std::span<const std::byte> data;
  std::string file;        // for error messages
  std::size_t offset = 0;  // in the file

  // What shape and type ask for.
  std::size_t bytes() const noexcept {
    std::size_t elements = 1;
    for (const std::uint64_t size : shape) elements *= static_cast<std::size_t>(size);
    return bytes_of(type, elements);
  }
};

// A tensor of a type that no DataType stands for, such as I64. It is refused where it is needed.
struct UnsupportedTensor {
  std::string name;
  std::string type;  // as the file names it
  std::string file;
};

class WeightSource {
 public:
  virtual ~WeightSource() = default;
  // Null when there is no such tensor.
  virtual const StoredTensor* find(std::string_view name) const noexcept = 0;
  virtual std::span<const StoredTensor> tensors() const noexcept = 0;
  virtual const UnsupportedTensor* find_unsupported(std::string_view name) const noexcept = 0;
  virtual std::span<const UnsupportedTensor> unsupported() const noexcept { return {}; }
  // `size` bytes of a tensor from `offset` on, where they lie or read into `space`. Any thread.
  // Throws io, and corrupt for a file that was cut short.
  virtual std::span<const std::byte> part(const StoredTensor& tensor, std::size_t offset,
                                          std::size_t size, std::vector<std::byte>& space) const;
  // Gives these, each of them once and all at once, their data where files are not mapped: reads
  // them into one buffer of kept_bytes(). Throws like part(), out_of_memory, and cancelled where
  // `progress` says so. `threads` 0: physical cores.
  virtual void keep(std::span<const StoredTensor* const> tensors,
                    const std::shared_ptr<Allocator>& allocator, int threads,
                    const LoadProgress& progress);
  // Closes files that are not mapped: no part() of what was not kept after this.
  virtual void close() noexcept {}
  // Hints about a part of a tensor's data: see FileContent.
  virtual void will_read(std::span<const std::byte>) const noexcept {}
  virtual void was_read(std::span<const std::byte>) const noexcept {}
};

inline std::span<const std::byte> WeightSource::part(const StoredTensor& tensor, std::size_t offset,
                                                     std::size_t size,
                                                     std::vector<std::byte>&) const {
  return tensor.data.subspan(offset, size);
}

inline void WeightSource::keep(std::span<const StoredTensor* const>,
                               const std::shared_ptr<Allocator>&, int, const LoadProgress&) {}

// Memory that keep() takes, each tensor beginning at a multiple of kAlignment.
std::size_t kept_bytes(std::span<const StoredTensor* const> tensors);

}  // namespace tlite

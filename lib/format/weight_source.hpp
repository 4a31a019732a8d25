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

namespace tlite {

// One tensor in a file. Its place is checked: it lies inside the file and has the size that shape
// and type ask for. `data` lives as long as the WeightSource; not necessarily aligned to the
// element.
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
  // Hints about a part of a tensor's data: see FileContent.
  virtual void will_read(std::span<const std::byte>) const noexcept {}
  virtual void was_read(std::span<const std::byte>) const noexcept {}
};

}  // namespace tlite

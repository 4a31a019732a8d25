// Where the packed form of each matrix that has one lies in the one piece of memory that holds them
// all: a buffer, or a file of the packed cache.
#pragma once

#include "format/weight_source.hpp"
#include "kernels/packed/pack.hpp"

#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include <tlite/data_type.hpp>
#include <tlite/model_config.hpp>

namespace tlite {

// The packed type in which a matrix is streamed, quantized to it where it is stored in another.
using WeightTypes = std::function<DataType(const StoredTensor&)>;

struct PackedMatrix {
  const StoredTensor* tensor;
  DataType type;
  std::size_t offset;  // a multiple of kAlignment
  std::size_t bytes;

  PackedShape shape() const noexcept {
    return packed_shape(type, tensor->shape[0], tensor->shape[1]);
  }
};

class PackedLayout {
 public:
  // The matrices that are streamed packed, in the order in which the forward pass reads them; those
  // that `source` lacks are left out. Empty `types`: the quantized ones as stored; bf16 is packed
  // where it is asked for, and streamed from the file otherwise. `source` must outlive this. Throws
  // not_supported where rows are not whole blocks, out_of_memory where the sizes overflow.
  PackedLayout(const ModelConfig& config, const WeightSource& source,
               const WeightTypes& types = {});

  std::span<const PackedMatrix> matrices() const noexcept { return matrices_; }
  std::size_t bytes() const noexcept { return bytes_; }

  // Null for a tensor that is not packed.
  const PackedMatrix* find(const StoredTensor& tensor) const noexcept;

 private:
  std::vector<PackedMatrix> matrices_;
  std::size_t bytes_ = 0;
};

}  // namespace tlite

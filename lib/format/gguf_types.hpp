// GGUF's numbers for the types of metadata and of tensors.
#pragma once

#include "tensor/dtype.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include <tlite/data_type.hpp>

namespace tlite {

enum class GgufType : std::uint32_t {
  uint8 = 0,
  int8 = 1,
  uint16 = 2,
  int16 = 3,
  uint32 = 4,
  int32 = 5,
  float32 = 6,
  boolean = 7,
  string = 8,
  array = 9,
  uint64 = 10,
  int64 = 11,
  float64 = 12,
};

// Bytes of a scalar; 0 for strings and arrays.
std::size_t gguf_scalar_size(GgufType type) noexcept;

struct GgufTensorType {
  std::uint32_t number;
  std::string_view name;  // as llama.cpp writes it: "Q4_K"
  BlockShape block;
  std::optional<DataType> type;  // nothing: known, but not run
};

// Null for a number that no published type has.
const GgufTensorType* gguf_tensor_type(std::uint32_t number) noexcept;

// The entry of a type of ours.
const GgufTensorType& gguf_tensor_type(DataType type) noexcept;

}  // namespace tlite

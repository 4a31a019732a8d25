#include "format/gguf_types.hpp"

namespace tlite {
namespace {

// enum ggml_type of ggml.h; blocks of types that are not run after GGML_QUANT_SIZES of the gguf
// package.
constexpr GgufTensorType kTypes[] = {
    {0, "F32", {1, 4}, DataType::f32},
    {1, "F16", {1, 2}, DataType::f16},
    {2, "Q4_0", {32, 18}, DataType::q4_0},
    {3, "Q4_1", {32, 20}, DataType::q4_1},
    {6, "Q5_0", {32, 22}, DataType::q5_0},
    {7, "Q5_1", {32, 24}, DataType::q5_1},
    {8, "Q8_0", {32, 34}, DataType::q8_0},
    {9, "Q8_1", {32, 40}, {}},
    {10, "Q2_K", {256, 84}, DataType::q2_k},
    {11, "Q3_K", {256, 110}, DataType::q3_k},
    {12, "Q4_K", {256, 144}, DataType::q4_k},
    {13, "Q5_K", {256, 176}, DataType::q5_k},
    {14, "Q6_K", {256, 210}, DataType::q6_k},
    {15, "Q8_K", {256, 292}, {}},
    {16, "IQ2_XXS", {256, 66}, {}},
    {17, "IQ2_XS", {256, 74}, {}},
    {18, "IQ3_XXS", {256, 98}, {}},
    {19, "IQ1_S", {256, 50}, {}},
    {20, "IQ4_NL", {32, 18}, DataType::iq4_nl},
    {21, "IQ3_S", {256, 110}, {}},
    {22, "IQ2_S", {256, 82}, {}},
    {23, "IQ4_XS", {256, 136}, DataType::iq4_xs},
    {24, "I8", {1, 1}, {}},
    {25, "I16", {1, 2}, {}},
    {26, "I32", {1, 4}, {}},
    {27, "I64", {1, 8}, {}},
    {28, "F64", {1, 8}, {}},
    {29, "IQ1_M", {256, 56}, {}},
    {30, "BF16", {1, 2}, DataType::bf16},
    {34, "TQ1_0", {256, 54}, {}},
    {35, "TQ2_0", {256, 66}, {}},
    {39, "MXFP4", {32, 17}, {}},
    {40, "NVFP4", {64, 36}, {}},
    {41, "Q1_0", {128, 18}, {}},
};

}  // namespace

std::size_t gguf_scalar_size(GgufType type) noexcept {
  switch (type) {
    case GgufType::uint8:
    case GgufType::int8:
    case GgufType::boolean:
      return 1;
    case GgufType::uint16:
    case GgufType::int16:
      return 2;
    case GgufType::uint32:
    case GgufType::int32:
    case GgufType::float32:
      return 4;
    case GgufType::uint64:
    case GgufType::int64:
    case GgufType::float64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      return 0;
  }
  return 0;
}

const GgufTensorType* gguf_tensor_type(std::uint32_t number) noexcept {
  for (const GgufTensorType& entry : kTypes) {
    if (entry.number == number) return &entry;
  }
  return nullptr;
}

const GgufTensorType& gguf_tensor_type(DataType type) noexcept {
  const GgufTensorType* found = kTypes;
  for (const GgufTensorType& entry : kTypes) {
    if (entry.type == type) found = &entry;
  }
  return *found;
}

}  // namespace tlite

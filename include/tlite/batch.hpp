// What goes into a forward pass: rows of tokens, each of a sequence.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include <tlite/tokenizer.hpp>

namespace tlite {

using SequenceId = std::int32_t;

struct BatchRow {
  TokenId token = 0;
  SequenceId sequence = 0;
  std::int32_t position = 0;  // must be the sequence's length, then one more for each further row
  bool wants_logits = false;
  // The last layer's output behind the final norm: what the head makes logits of, and embeddings
  // are made of.
  bool wants_hidden = false;
};

// What a weight matrix is about to be multiplied with, before a kernel rounds or quantizes it.
struct MatrixInput {
  std::string_view tensor;        // the matrix by its Hugging Face name, "....q_proj.weight"
  std::span<const float> values;  // [rows][columns]: a row for each that reaches this matrix
  std::size_t columns = 0;        // the matrix's inputs
};

}  // namespace tlite

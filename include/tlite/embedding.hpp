// Embeddings: what becomes of a prompt's hidden states, those that the last layer gives behind the
// final norm.
//
//   tlite::Engine engine(model);
//   auto request = engine.submit("Столица Франции - Париж", {.pooling = tlite::Pooling::last});
//   std::vector<float> embedding = engine.wait(request).embedding;  // [hidden_size], of length 1
#pragma once

#include <cstdint>

namespace tlite {

enum class Pooling : std::int32_t {
  none = 0,  // no embedding: the request is answered
  last = 1,  // the last token's state
  mean = 2,  // of all tokens, the mean of each number
  // The first token's state, in which a model that looks back alone sees nothing of the others: it
  // makes sense for models that were trained for it.
  cls = 3,
};

}  // namespace tlite

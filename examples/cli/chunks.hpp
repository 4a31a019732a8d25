// A text in chunks of one length, each run through the model on its own: how llama.cpp's perplexity
// and imatrix programs read a text.
#pragma once

#include "model_flags.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli {

struct Chunks {
  std::vector<tlite::TokenId> tokens;  // [count][length]
  std::size_t length = 0;

  std::size_t count() const noexcept { return tokens.size() / length; }
  std::span<const tlite::TokenId> operator[](std::size_t i) const {
    return std::span(tokens).subspan(i * length, length);
  }
};

// --context, else llama.cpp's 512, which fit any model.
std::size_t chunk_length(const ModelFlags& flags);

// What is read of which text.
struct TextFlags {
  std::string file;  // empty: none is given
  std::size_t chunks = SIZE_MAX;
  bool parse_special = false;
};

// --file, --chunks and --parse-special.
void add_text_flags(CLI::App& command, TextFlags& flags);

// The file's text as whole chunks; what is left over is dropped. Special tokens are text unless the
// flags say otherwise, nothing is put before it (Qwen2 has no token for the beginning), and one
// line end at its end is not read: all as llama.cpp does. Throws where there is not one whole
// chunk.
Chunks read_chunks(const tlite::Tokenizer& tokenizer, const TextFlags& flags, std::size_t length);

class ChunkEvaluator {
 public:
  using Visit = std::function<void(std::size_t position, std::span<const float> logits)>;

  ChunkEvaluator(const tlite::Model& model, const ModelFlags& flags, std::size_t length);

  tlite::Evaluator& evaluator() noexcept { return evaluator_; }

  // Runs one chunk from an empty context and visits the logits of the positions from `first` on, in
  // order.
  void run(std::span<const tlite::TokenId> chunk, std::size_t first, const Visit& visit);

 private:
  tlite::Evaluator evaluator_;
};

}  // namespace cli

// Importance matrices: how much each input of each weight matrix counts, measured by running text
// through the model. quantize() then spends its precision where it counts.
//
//   tlite::Model model = tlite::Model::load("T-lite-it-1.0");
//   tlite::measure_importance(model, model.tokenizer().encode(text), "importance.gguf");
//   tlite::quantize("T-lite-it-1.0", "small.gguf", tlite::WeightMix::q4_k_m,
//                   {.importance = "importance.gguf"});
//
// Definition and files are those of llama.cpp's imatrix: docs/format-imatrix.md.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <tlite/export.hpp>
#include <tlite/model.hpp>

namespace tlite {

// Numbers are part of the ABI.
enum class ImportanceFormat : std::int32_t {
  gguf = 0,  // llama.cpp since the summer of 2025
  dat = 1,   // ik_llama.cpp, and llama.cpp from before
};

// Called with 0..1 on the calling thread, many times a second; return false to cancel
// (measure_importance then throws cancelled).
using ImportanceProgress = std::function<bool(float fraction)>;

struct ImportanceOptions {
  std::int32_t chunk = 512;  // tokens run together, each chunk from an empty context
  std::int32_t threads = 0;  // 0: physical cores. The file is the same for any number
  ImportanceFormat format = ImportanceFormat::gguf;
  std::string dataset = {};  // the text's name, kept in the file
  ImportanceProgress progress = {};
};

// Runs the whole chunks of `ids` (what is left over is dropped) through the model and writes, for
// each matrix of its layers, the sum over the tokens of each squared input, and their number, to
// the file `target`. As with quantize(), the file appears when it is complete: after an error or a
// cancel there is no trace of it, and what was there before stays. The model should not be
// quantized: what is measured would be its errors too.
//
// Takes the memory of an Evaluator with a context of one chunk, and 8 bytes for each input.
// Throws invalid_argument (fewer ids than a chunk, an id outside the vocabulary, an option),
// io or not_found (the target cannot be written), corrupt (an input that is NaN or beyond f32,
// naming the matrix and the column), out_of_memory, cancelled.
TLITE_API void measure_importance(const Model& model, std::span<const TokenId> ids,
                                  std::string_view target, const ImportanceOptions& options = {});

}  // namespace tlite

// The metadata of a complete Qwen2 model, as llama.cpp's converter writes it: what gguf_model.hpp
// reads.
#pragma once

#include "format/generation_config.hpp"
#include "format/gguf_writer.hpp"
#include "text/tokenizer_spec.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <tlite/model_config.hpp>
#include <tlite/sampling.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

// general.* but for the name, and qwen2.*. `where` begins the message. Throws not_supported for
// what the metadata has no word for: sliding windows, and yarn without truncation.
void add_gguf_config(GgufHeader& header, const ModelConfig& config, const std::string& where);

// tlite.generation_config as it is, and of general.sampling.* what it names: other programs take
// these for their defaults, so what nobody said is not written.
void add_gguf_generation(GgufHeader& header, const GenerationConfig& generation);

// Ids that config.json names. What the tokenizer says counts more.
struct SpecialIds {
  std::optional<TokenId> bos;
  std::optional<TokenId> eos;
  std::optional<TokenId> pad;
};

// tokenizer.ggml.*: the vocabulary, filled up to `embedding_rows` with unused tokens. Throws
// not_supported for a tokenizer that is not Qwen2's kind of byte-level BPE.
void add_gguf_tokenizer(GgufHeader& header, const text::TokenizerSpec& spec,
                        std::int32_t embedding_rows, const SpecialIds& ids);

}  // namespace tlite

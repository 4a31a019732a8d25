// Reads Hugging Face's tokenizer.json and tokenizer_config.json.
//
// Format: github.com/huggingface/tokenizers, the serialization of its Rust structs (version "1.0");
// the second file is transformers' own.
#pragma once

#include "text/tokenizer_spec.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace tlite::text {

// `name` is the file for error messages. Throws corrupt, naming the field and the value, or
// not_supported for a part that is not of a byte-level BPE tokenizer.
TokenizerSpec parse_tokenizer_json(std::span<const std::byte> json, std::string_view name);

// Adds what transformers' AutoTokenizer takes from tokenizer_config.json: added tokens and special
// tokens that tokenizer.json lacks, and which token ends a text.
void apply_tokenizer_config(TokenizerSpec& spec, std::span<const std::byte> json,
                            std::string_view name);

}  // namespace tlite::text

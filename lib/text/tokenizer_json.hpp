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

// vocab.json and merges.txt, what Qwen2's tokenizer was before tokenizer.json: the rest of it (NFC,
// the split pattern, <|endoftext|>) is transformers' Qwen2Tokenizer.
TokenizerSpec parse_vocabulary_and_merges(std::span<const std::byte> vocabulary,
                                          std::string_view vocabulary_name, std::string_view merges,
                                          std::string_view merges_name);

// A file beside the vocabulary; `json` is empty where there is none.
struct TokenizerSideFile {
  std::span<const std::byte> json;
  std::string name;
};

// Adds what transformers' AutoTokenizer takes from the files beside tokenizer.json: added tokens
// and special tokens that it lacks, and which token ends a text. Where tokenizer_config.json has
// added_tokens_decoder the two older files do not count; else special_tokens_map.json counts more
// than it. `older_form`: beside a vocab.json, where add_bos_token and add_eos_token count
// (tokenizer.json has a post_processor for it) and <|endoftext|> is what no file names. Throws like
// parse_tokenizer_json.
void apply_side_files(TokenizerSpec& spec, const TokenizerSideFile& tokenizer_config,
                      const TokenizerSideFile& special_tokens_map,
                      const TokenizerSideFile& added_tokens, bool older_form);

}  // namespace tlite::text

// From files to a tokenizer.
#pragma once

#include "text/tokenizer_spec.hpp"

#include <string_view>

#include <tlite/host.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite::text {

// `path`: a tokenizer.json, or a directory that has one, or vocab.json and merges.txt. The files
// beside it (tokenizer_config.json, special_tokens_map.json, added_tokens.json) count too. Throws
// like Tokenizer::load.
TokenizerSpec load_tokenizer_spec(std::string_view path, const FileSystem& files);
Tokenizer load_tokenizer(std::string_view path, const FileSystem& files);

}  // namespace tlite::text

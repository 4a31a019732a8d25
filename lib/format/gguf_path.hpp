// Which GGUF file a path stands for, where it stands for one.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

// A file that is named .gguf, whatever the case, or begins with GGUF, whatever its name (Ollama
// keeps its files without a suffix); and of a directory the one .gguf file in it, the parts of a
// split counting as one, unless the directory has one of `own_files`, which make it Hugging Face's.
// Empty for anything else, a path that does not exist included. Throws invalid_argument for a
// directory of several .gguf files, and corrupt for a Git LFS pointer.
std::optional<std::string> find_gguf(std::string_view path, const FileSystem& files,
                                     std::initializer_list<std::string_view> own_files);

// "-00002-of-00003.gguf".
std::string gguf_part_suffix(std::int64_t part, std::int64_t parts);

}  // namespace tlite

// A checkpoint in one GGUF file, or in the parts of a split one.
#pragma once

#include "base/input_file.hpp"
#include "format/checkpoint.hpp"
#include "format/gguf_file.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

#include <tlite/host.hpp>

namespace tlite {

// `path` names the file, or the first part of a split ("-00001-of-00003.gguf"); the others lie
// beside it. Throws not_found, io, corrupt, not_supported.
Checkpoint open_gguf(std::string_view path, const FileSystem& files, WeightAccess access);

// A file and its header, which is read; what tensors hold is not.
struct GgufContent {
  InputFile input;
  std::vector<std::byte> header;  // what `file` points into
  GgufFile file;
};
GgufContent open_gguf_file(std::string_view path, const FileSystem& files);

}  // namespace tlite

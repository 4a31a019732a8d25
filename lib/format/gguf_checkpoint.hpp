// A checkpoint in one GGUF file, or in the parts of a split one.
#pragma once

#include "format/checkpoint.hpp"
#include "format/gguf_file.hpp"

#include <memory>
#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

// `path` names the file, or the first part of a split ("-00001-of-00003.gguf"); the others lie
// beside it. Throws not_found, io, corrupt, not_supported.
Checkpoint open_gguf(std::string_view path, const FileSystem& files);

// The metadata alone. The content must outlive the file.
struct GgufContent {
  std::unique_ptr<FileContent> content;
  GgufFile file;
};
GgufContent open_gguf_file(std::string_view path, const FileSystem& files);

}  // namespace tlite

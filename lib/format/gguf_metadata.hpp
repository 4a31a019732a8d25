// Everything of a GGUF file but its tensors, for a checkpoint of either format.
#pragma once

#include "format/checkpoint.hpp"
#include "format/gguf_writer.hpp"

#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

// Sources of chat templates; empty: none.
struct ChatTemplates {
  std::string_view main;
  std::string_view tool_use;
};

// Of a Hugging Face directory: what its files say, and the templates. Of a
// GGUF file: its own entries, but for those that a new file has other values for (the types of the
// tensors, alignment, split). Throws like a load.
void add_model_metadata(GgufHeader& header, const Checkpoint& checkpoint,
                        const ChatTemplates& templates, const FileSystem& files);

}  // namespace tlite

// safetensors files: 8 bytes header length, a JSON header, tensor data.
// Specification: https://github.com/huggingface/safetensors#format; see docs/format-safetensors.md.
#pragma once

#include "base/input_file.hpp"
#include "format/file_weights.hpp"
#include "format/weight_source.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

// Checks the header and lists the tensors; `bytes`, a whole file, must outlive them. Throws corrupt
// for everything that the reference implementation refuses: sizes that overflow, lie outside the
// file, overlap, leave holes or contradict shape and type; and for names that occur twice. `file`
// names the file in messages.
TensorDirectory read_safetensors(std::span<const std::byte> bytes, const std::string& file);
// The same of a file whose header alone is read: tensors have their offset and no data.
TensorDirectory read_safetensors(const InputFile& file);

// The weights of a Hugging Face directory: model.safetensors, or the shards that
// model.safetensors.index.json names. Throws not_found, io, corrupt, not_supported.
std::unique_ptr<WeightSource> open_safetensors_directory(std::string_view directory,
                                                         const FileSystem& files,
                                                         WeightAccess access = WeightAccess::map);

}  // namespace tlite

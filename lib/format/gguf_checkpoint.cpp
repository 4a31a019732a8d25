#include "format/gguf_checkpoint.hpp"

#include "base/file.hpp"
#include "format/gguf_cursor.hpp"
#include "format/gguf_model.hpp"
#include "format/gguf_path.hpp"
#include "format/tensor_list.hpp"

#include <algorithm>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::int64_t kMaxParts = 99999;  // five digits

// Tensors by Hugging Face's names; those that a Qwen2 model does not have keep their own.
TensorDirectory rename(TensorDirectory found) {
  const auto change = [](auto& tensor) {
    if (std::string name = hugging_face_name(tensor.name); !name.empty()) {
      tensor.name = std::move(name);
    }
  };
  std::for_each(found.tensors.begin(), found.tensors.end(), change);
  std::for_each(found.unsupported.begin(), found.unsupported.end(), change);
  return found;
}

std::size_t tensor_count(const GgufFile& file) {
  return file.tensors().tensors.size() + file.tensors().unsupported.size();
}

void check_part(const GgufFile& file, std::int64_t part, std::int64_t parts) {
  const std::int64_t number = file.integer("split.no", 0, kMaxParts);
  const std::int64_t count = file.integer("split.count", 0, kMaxParts);
  if (number == part && count == parts) return;
  throw Error(ErrorCode::corrupt, file.file() + ": this is part " + std::to_string(number + 1) +
                                      " of " + std::to_string(count) + ", where part " +
                                      std::to_string(part + 1) + " of " + std::to_string(parts) +
                                      " is needed");
}

// Adds the parts after the first, whose names differ from its in the number alone.
void add_parts(FileWeights& weights, const GgufFile& first, std::int64_t parts,
               const FileSystem& files) {
  check_part(first, 0, parts);
  const std::string suffix = gguf_part_suffix(1, parts);
  if (!first.file().ends_with(suffix)) {
    throw Error(ErrorCode::corrupt, first.file() + ": the first part of a file split in " +
                                        std::to_string(parts) + " must be named ..." + suffix);
  }
  const std::string prefix = first.file().substr(0, first.file().size() - suffix.size());
  std::size_t tensors = tensor_count(first);
  for (std::int64_t part = 1; part < parts; ++part) {
    const std::string path = prefix + gguf_part_suffix(part + 1, parts);
    if (!files.exists(path)) {
      throw Error(ErrorCode::not_found, path + ": no such file, and " + first.file() + " needs it");
    }
    GgufContent next = open_gguf_file(path, files);
    check_part(next.file, part, parts);
    tensors += tensor_count(next.file);
    weights.add(std::move(next.input), rename(next.file.tensors()));
  }
  const std::int64_t expected =
      first.integer_or("split.tensors.count", static_cast<std::int64_t>(tensors), 0, INT32_MAX);
  if (tensors != static_cast<std::size_t>(expected)) {
    throw Error(ErrorCode::corrupt, first.file() +
                                        ": split.tensors.count: " + std::to_string(expected) +
                                        ", the parts have " + std::to_string(tensors) + " tensors");
  }
}

// GGUF files that hold something else than a model.
void refuse_other_kinds(const GgufFile& file) {
  constexpr std::string_view kType = "general.type";
  if (!file.has(kType) || file.string(kType) == "model") return;
  const std::string_view type = file.string(kType);
  throw Error(ErrorCode::not_supported,
              file.file() + ": " + std::string(kType) +
                  ": not supported: this is not a model but " +
                  (type == "adapter"   ? "a LoRA adapter; merge it into its model and give that"
                   : type == "imatrix" ? "an importance matrix; `tlite quantize --imatrix` takes it"
                                       : "of the kind " + std::string(type)));
}

std::int32_t embedding_rows(const WeightSource& weights, const std::string& path) {
  constexpr std::uint64_t kMaxRows = 1 << 24;
  const StoredTensor* embeddings = weights.find(kEmbeddingTensor);
  if (embeddings == nullptr) {
    if (const UnsupportedTensor* found = weights.find_unsupported(kEmbeddingTensor)) {
      throw Error(ErrorCode::not_supported, found->file +
                                                ": tensor token_embd.weight: not "
                                                "supported: weights of type " +
                                                found->type);
    }
    throw Error(ErrorCode::not_found, path + ": tensor token_embd.weight is missing");
  }
  if (embeddings->shape[0] == 0 || embeddings->shape[0] > kMaxRows) {
    throw Error(ErrorCode::corrupt, embeddings->file + ": tensor token_embd.weight: shape " +
                                        shape_text(embeddings->shape) + " is not possible");
  }
  return static_cast<std::int32_t>(embeddings->shape[0]);
}

}  // namespace

GgufContent open_gguf_file(std::string_view path, const FileSystem& files) {
  // Qwen2.5's vocabulary makes a header of 6 MB.
  constexpr std::size_t kFirstBytes = std::size_t{8} << 20;
  InputFile input(files, path);
  std::vector<std::byte> header;
  std::size_t needed = kFirstBytes;
  for (;;) {
    const std::size_t known = header.size();
    header.resize(std::min(std::max(needed, 2 * known), input.size()));
    input.read(known, std::span(header).subspan(known));
    try {
      GgufFile file(header, input.size(), std::string(path));
      return {std::move(input), std::move(header), std::move(file)};
    } catch (const GgufCursor::NeedsMore& more) {
      needed = more.bytes;
    }
  }
}

Checkpoint open_gguf(std::string_view path, const FileSystem& files, WeightAccess access) {
  GgufContent first = open_gguf_file(path, files);
  const GgufFile& file = first.file;
  refuse_other_kinds(file);
  auto weights = std::make_unique<FileWeights>(access);
  weights->add(std::move(first.input), rename(file.tensors()));
  const std::int64_t parts = file.integer_or("split.count", 1, 0, kMaxParts);
  if (parts > 1) add_parts(*weights, file, parts, files);
  weights->finish();

  Checkpoint checkpoint;
  checkpoint.path = path;
  checkpoint.name =
      file.has("general.name") ? std::string(file.string("general.name")) : path_name(path);
  checkpoint.format = "gguf";
  const bool tied = weights->find(kOutputTensor) == nullptr &&
                    weights->find_unsupported(kOutputTensor) == nullptr;
  checkpoint.config = read_gguf_config(file, embedding_rows(*weights, checkpoint.path), tied);
  checkpoint.eos_token_ids = read_gguf_eos_token_ids(file);
  checkpoint.generation = read_gguf_generation(file, checkpoint.warnings);
  for (std::string& warning : gguf_special_id_warnings(file)) {
    checkpoint.warnings.push_back(std::move(warning));
  }
  checkpoint.has_chat_template = file.has("tokenizer.chat_template");
  check_tensors(checkpoint.config, *weights, checkpoint.path);
  checkpoint.weights = std::move(weights);
  return checkpoint;
}

}  // namespace tlite

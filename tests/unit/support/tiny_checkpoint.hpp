// Tiny Qwen2 checkpoints with random weights, written by the tests themselves.
#pragma once

#include "unit/support/memory_files.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/model.hpp>

namespace tlite::test {

// A tensor to be written; `bytes` as they lie in the file.
struct TestTensor {
  std::string name;
  std::string dtype;  // "F32", ...
  std::vector<std::uint64_t> shape;
  std::string bytes;
};

// 2 layers, hidden 32, 4 heads of 8 over 2 key-value heads, vocabulary 264 (256 bytes, 3 special
// tokens, 5 rows of padding), untied.
ModelConfig tiny_config();

// The config.json of a configuration, as transformers writes it.
std::string config_json(const ModelConfig& config);

// Every tensor the configuration asks for: normal values, norms near 1, and key biases of the size
// that Qwen2.5 has in its first and last layers.
std::vector<TestTensor> random_tensors(const ModelConfig& config, DataType type,
                                       std::uint64_t seed = 1);

// A safetensors file. The header is padded with spaces to a multiple of `align`; 1 gives data that
// lies at odd addresses where the header's length is odd.
std::string safetensors_bytes(const std::vector<TestTensor>& tensors, std::size_t align = 8);

// 8 bytes of length and a header as given, then `data_bytes` zeros.
std::string safetensors_with_header(std::string_view header, std::size_t data_bytes);

// A byte-level BPE without merges: id = byte, then <|endoftext|> 256, <|im_start|> 257, <|im_end|>
// 258; with `thinks` <think> 259 and </think> 260, which are not special, as in Qwen3.
std::string tiny_tokenizer_json(bool thinks = false);
std::string tiny_tokenizer_config_json();  // with a ChatML template
std::vector<std::string> tiny_tokens();    // by id, in the byte-level spelling
std::string tiny_template();               // the ChatML template

// All files of a checkpoint under `directory`.
std::shared_ptr<MemoryFiles> tiny_checkpoint(const std::string& directory,
                                             const ModelConfig& config = tiny_config(),
                                             DataType type = DataType::f32);

// A new directory under the system's place for temporary files, removed with all it holds.
class TemporaryDirectory {
 public:
  explicit TemporaryDirectory(std::string_view name);
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }
  // Writes every file whose path begins with `prefix` + "/" to the directory.
  void write(const MemoryFiles& files, const std::string& prefix) const;

 private:
  std::string path_;
};

}  // namespace tlite::test

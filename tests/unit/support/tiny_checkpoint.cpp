#include "unit/support/tiny_checkpoint.hpp"

#include "base/rng.hpp"
#include "format/tensor_list.hpp"
#include "tensor/dtype.hpp"

#include <atomic>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <sstream>
#include <stdexcept>

#include <unistd.h>

namespace tlite::test {
namespace {

double normal(CounterRng& rng) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.next_unit()));
  return radius * std::cos(2.0 * std::numbers::pi * rng.next_unit());
}

template <class T>
void append_bytes(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

void append_value(std::string& bytes, float value, DataType type) {
  if (type == DataType::f32) append_bytes(bytes, value);
  if (type == DataType::f16) append_bytes(bytes, f32_to_f16(value));
  if (type == DataType::bf16) append_bytes(bytes, f32_to_bf16(value));
}

float random_value(const std::string& name, std::size_t index, double fan_in, CounterRng& rng) {
  const double x = normal(rng);
  if (name.ends_with("norm.weight")) return static_cast<float>(1.0 + 0.1 * x);
  if (name.ends_with("k_proj.bias")) return static_cast<float>(index % 8 == 3 ? 40.0 * x : x);
  if (name.ends_with(".bias")) return static_cast<float>(x);
  if (name.ends_with("embed_tokens.weight")) return static_cast<float>(x);
  return static_cast<float>(x / std::sqrt(fan_in));
}

std::string escape(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The printable stand-in of a byte in byte-level BPE, as UTF-8 (GPT-2's bytes_to_unicode).
std::string byte_symbol(int byte) {
  int next = 256;
  int code = byte;
  for (int b = 0; b <= byte; ++b) {
    const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
    code = printable ? b : next++;
  }
  if (code < 0x80) return {static_cast<char>(code)};
  return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
}

}  // namespace

ModelConfig tiny_config() {
  ModelConfig config;
  config.architecture = "qwen2";
  config.vocab_size = 264;
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.num_hidden_layers = 2;
  config.num_attention_heads = 4;
  config.num_key_value_heads = 2;
  config.head_dim = 8;
  config.max_position_embeddings = 512;
  config.max_window_layers = 2;
  return config;
}

std::string config_json(const ModelConfig& config) {
  std::ostringstream json;
  json << R"({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "hidden_act": "silu",)"
       << "\"vocab_size\": " << config.vocab_size << ", \"hidden_size\": " << config.hidden_size
       << ", \"intermediate_size\": " << config.intermediate_size
       << ", \"num_hidden_layers\": " << config.num_hidden_layers
       << ", \"num_attention_heads\": " << config.num_attention_heads
       << ", \"num_key_value_heads\": " << config.num_key_value_heads
       << ", \"head_dim\": " << config.head_dim
       << ", \"max_position_embeddings\": " << config.max_position_embeddings
       << ", \"rms_norm_eps\": " << config.rms_norm_eps << ", \"rope_theta\": " << config.rope_theta
       << ", \"tie_word_embeddings\": " << (config.tie_word_embeddings ? "true" : "false")
       << ", \"eos_token_id\": 258}";
  return json.str();
}

std::vector<TestTensor> random_tensors(const ModelConfig& config, DataType type,
                                       std::uint64_t seed) {
  const char* const dtype =
      type == DataType::f32 ? "F32" : (type == DataType::f16 ? "F16" : "BF16");
  std::vector<TestTensor> tensors;
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    TestTensor tensor{expected.name, dtype, expected.shape, {}};
    CounterRng rng(seed, tensors.size() << 32);
    std::size_t count = 1;
    for (const std::uint64_t size : expected.shape) count *= static_cast<std::size_t>(size);
    const auto fan_in = static_cast<double>(expected.shape.back());
    for (std::size_t i = 0; i < count; ++i) {
      append_value(tensor.bytes, random_value(tensor.name, i, fan_in, rng), type);
    }
    tensors.push_back(std::move(tensor));
  }
  return tensors;
}

std::string safetensors_with_header(std::string_view header, std::size_t data_bytes) {
  std::string file;
  append_bytes(file, static_cast<std::uint64_t>(header.size()));
  file += header;
  return file.append(data_bytes, '\0');
}

std::string safetensors_bytes(const std::vector<TestTensor>& tensors, std::size_t align) {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::string data;
  for (const TestTensor& tensor : tensors) {
    header += "," + escape(tensor.name) + R"(:{"dtype":")" + tensor.dtype + R"(","shape":[)";
    for (std::size_t i = 0; i < tensor.shape.size(); ++i) {
      header += (i == 0 ? "" : ",") + std::to_string(tensor.shape[i]);
    }
    header += R"(],"data_offsets":[)" + std::to_string(data.size()) + ",";
    data += tensor.bytes;
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  header.append((align - header.size() % align) % align, ' ');
  return safetensors_with_header(header, 0) + data;
}

std::vector<std::string> tiny_tokens() {
  std::vector<std::string> tokens;
  for (int byte = 0; byte < 256; ++byte) tokens.push_back(byte_symbol(byte));
  for (const char* name : {"<|endoftext|>", "<|im_start|>", "<|im_end|>"}) tokens.push_back(name);
  return tokens;
}

std::string tiny_template() {
  return "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + "
         "message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}"
         "{{ '<|im_start|>assistant\\n' }}{% endif %}";
}

std::string tiny_tokenizer_json(bool thinks) {
  std::vector<std::string> tokens = tiny_tokens();
  const std::size_t special = tokens.size();
  if (thinks) tokens.insert(tokens.end(), {"<think>", "</think>"});
  std::string vocabulary;
  std::string added;
  for (std::size_t id = 0; id < tokens.size(); ++id) {
    if (id < 256) {
      vocabulary += (id == 0 ? "" : ",") + escape(tokens[id]) + ":" + std::to_string(id);
    } else {
      added += (id == 256 ? "" : ",") + std::string(R"({"id":)") + std::to_string(id) +
               R"(,"content":)" + escape(tokens[id]) +
               R"(,"single_word":false,"lstrip":false,"rstrip":false,"normalized":false,)"
               R"("special":)" +
               (id < special ? "true}" : "false}");
    }
  }
  const std::string pattern =
      R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
      R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";
  return R"({"version":"1.0","truncation":null,"padding":null,"added_tokens":[)" + added +
         R"(],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[)"
         R"({"type":"Split","pattern":{"Regex":)" +
         escape(pattern) +
         R"(},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,)"
         R"("trim_offsets":false,"use_regex":false}]},"post_processor":{"type":"ByteLevel",)"
         R"("add_prefix_space":false,"trim_offsets":false,"use_regex":false},"decoder":)"
         R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false},)"
         R"("model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":"",)"
         R"("end_of_word_suffix":"","fuse_unk":false,"byte_fallback":false,)"
         R"("ignore_merges":false,"vocab":{)" +
         vocabulary + R"(},"merges":[]}})";
}

std::string tiny_tokenizer_config_json() {
  return R"({"bos_token":null,"eos_token":"<|im_end|>","pad_token":"<|endoftext|>",)"
         R"("tokenizer_class":"Qwen2Tokenizer","chat_template":)" +
         escape(tiny_template()) + "}";
}

std::shared_ptr<MemoryFiles> tiny_checkpoint(const std::string& directory,
                                             const ModelConfig& config, DataType type) {
  auto files = std::make_shared<MemoryFiles>();
  (*files)[directory + "/config.json"] = config_json(config);
  (*files)[directory + "/generation_config.json"] =
      R"({"do_sample":true,"temperature":0.7,"top_p":0.8,"top_k":20,"repetition_penalty":1.05,)"
      R"("eos_token_id":[258,256],"pad_token_id":256})";
  (*files)[directory + "/tokenizer.json"] = tiny_tokenizer_json();
  (*files)[directory + "/tokenizer_config.json"] = tiny_tokenizer_config_json();
  (*files)[directory + "/model.safetensors"] = safetensors_bytes(random_tensors(config, type));
  return files;
}

TemporaryDirectory::TemporaryDirectory(std::string_view name) {
  static std::atomic<int> counter{0};
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() /
      ("tlite-" + std::to_string(::getpid()) + "-" + std::to_string(counter++)) / name;
  std::filesystem::create_directories(path);
  path_ = path.string();
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(std::filesystem::path(path_).parent_path(), ignored);
}

void TemporaryDirectory::write(const MemoryFiles& files, const std::string& prefix) const {
  for (const auto& [path, bytes] : files.all()) {
    if (!path.starts_with(prefix + "/")) continue;
    std::ofstream file(path_ + path.substr(prefix.size()), std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!file) throw std::runtime_error("cannot write " + path);
  }
}

}  // namespace tlite::test

#include "unit/support/gguf_builder.hpp"

#include "format/gguf_model.hpp"
#include "format/gguf_types.hpp"

#include <algorithm>

namespace tlite::test {

GgufBuilder& GgufBuilder::put(std::string_view key, std::uint32_t type, const std::string& value) {
  drop(key);
  entries_.push_back({std::string(key), raw_string(key) + raw(type) + value});
  return *this;
}

GgufBuilder& GgufBuilder::put_u32(std::string_view key, std::uint32_t value) {
  return put(key, 4, raw(value));
}

GgufBuilder& GgufBuilder::put_f32(std::string_view key, float value) {
  return put(key, 6, raw(value));
}

GgufBuilder& GgufBuilder::put_string(std::string_view key, std::string_view value) {
  return put(key, 8, raw_string(value));
}

GgufBuilder& GgufBuilder::put_strings(std::string_view key,
                                      const std::vector<std::string>& values) {
  std::string bytes = raw<std::uint32_t>(8) + raw<std::uint64_t>(values.size());
  for (const std::string& value : values) bytes += raw_string(value);
  return put(key, 9, bytes);
}

GgufBuilder& GgufBuilder::put_i32s(std::string_view key, const std::vector<std::int32_t>& values) {
  std::string bytes = raw<std::uint32_t>(5) + raw<std::uint64_t>(values.size());
  for (const std::int32_t value : values) bytes += raw(value);
  return put(key, 9, bytes);
}

GgufBuilder& GgufBuilder::drop(std::string_view key) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.key == key; });
  return *this;
}

GgufBuilder& GgufBuilder::tensor(std::string_view name, const std::vector<std::uint64_t>& shape,
                                 std::uint32_t type, const std::string& bytes) {
  data_.append((alignment - data_.size() % alignment) % alignment, '\0');
  tensor_at(name, shape, type, data_.size());
  data_ += bytes;
  return *this;
}

GgufBuilder& GgufBuilder::tensor_at(std::string_view name, const std::vector<std::uint64_t>& shape,
                                    std::uint32_t type, std::uint64_t offset) {
  std::string bytes = raw_string(name) + raw(static_cast<std::uint32_t>(shape.size()));
  for (auto size = shape.rbegin(); size != shape.rend(); ++size) bytes += raw(*size);
  tensors_.push_back(bytes + raw(type) + raw(offset));
  return *this;
}

std::string GgufBuilder::bytes() const {
  std::string file = "GGUF" + raw(version) + raw<std::uint64_t>(tensors_.size()) +
                     raw<std::uint64_t>(entries_.size());
  for (const Entry& entry : entries_) file += entry.bytes;
  for (const std::string& tensor : tensors_) file += tensor;
  if (!tensors_.empty()) file.append((alignment - file.size() % alignment) % alignment, '\0');
  return file + data_;
}

GgufBuilder tiny_gguf_metadata(const ModelConfig& config) {
  const auto u32 = [](std::int32_t value) { return static_cast<std::uint32_t>(value); };
  GgufBuilder file;
  file.put_string("general.architecture", "qwen2")
      .put_string("general.name", "Крошка")
      .put_u32("qwen2.block_count", u32(config.num_hidden_layers))
      .put_u32("qwen2.context_length", u32(config.max_position_embeddings))
      .put_u32("qwen2.embedding_length", u32(config.hidden_size))
      .put_u32("qwen2.feed_forward_length", u32(config.intermediate_size))
      .put_u32("qwen2.attention.head_count", u32(config.num_attention_heads))
      .put_u32("qwen2.attention.head_count_kv", u32(config.num_key_value_heads))
      .put_f32("qwen2.attention.layer_norm_rms_epsilon", config.rms_norm_eps)
      .put_f32("qwen2.rope.freq_base", static_cast<float>(config.rope_theta))
      .put_string("tokenizer.ggml.model", "gpt2")
      .put_string("tokenizer.ggml.pre", "qwen2")
      .put_strings("tokenizer.ggml.merges", {})
      .put_u32("tokenizer.ggml.eos_token_id", 258)
      .put_u32("tokenizer.ggml.padding_token_id", 256)
      .put_string("tokenizer.chat_template", tiny_template());
  std::vector<std::string> tokens = tiny_tokens();
  std::vector<std::int32_t> types(tokens.size(), 1);
  std::fill(types.end() - 3, types.end(), 3);
  while (tokens.size() < static_cast<std::size_t>(config.vocab_size)) {
    tokens.push_back("[PAD" + std::to_string(tokens.size()) + "]");
    types.push_back(5);
  }
  return file.put_strings("tokenizer.ggml.tokens", tokens)
      .put_i32s("tokenizer.ggml.token_type", types);
}

GgufBuilder tiny_gguf(const ModelConfig& config, DataType type) {
  GgufBuilder file = tiny_gguf_metadata(config);
  const std::uint32_t number = gguf_tensor_type(type).number;
  for (const TestTensor& tensor : random_tensors(config, type)) {
    file.tensor(gguf_name(tensor.name), tensor.shape, number, tensor.bytes);
  }
  return file;
}

}  // namespace tlite::test

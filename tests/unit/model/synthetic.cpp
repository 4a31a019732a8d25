#include "unit/model/synthetic.hpp"

#include "api/model_impl.hpp"
#include "base/rng.hpp"
#include "model/weights.hpp"
#include "tensor/dtype.hpp"
#include "unit/runtime/fake_model.hpp"

#include <cmath>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace tlite::testing {
namespace {

std::uint64_t hash(std::string_view name) {  // FNV-1a
  std::uint64_t value = 0xCBF29CE484222325ULL;
  for (const char c : name) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return value;
}

bool ends_with(const std::string& name, std::string_view end) { return name.ends_with(end); }

std::vector<double> values_of(const Spec& spec, const std::string& name, std::size_t count,
                              std::size_t columns) {
  CounterRng rng(spec.seed ^ hash(name));
  std::vector<double> values(count);
  const auto half = static_cast<std::size_t>(spec.head_dim / 2);
  const bool outliers = ends_with(name, "k_proj.bias") &&
                        (name.starts_with("model.layers.0.") ||
                         name.starts_with("model.layers." + std::to_string(spec.layers - 1) + "."));
  for (std::size_t i = 0; i < count; ++i) {
    const double centred = rng.next_unit() * 2.0 - 1.0;
    if (ends_with(name, "norm.weight")) {
      values[i] = 1.0 + 0.25 * centred;
    } else if (ends_with(name, "k_proj.bias")) {
      values[i] = 2.0 * centred * (outliers && i % half >= half - 2 ? 200.0 : 1.0);
    } else if (ends_with(name, ".bias")) {
      values[i] = centred;
    } else {
      values[i] = centred * std::sqrt(3.0 / static_cast<double>(columns));
    }
  }
  return values;
}

}  // namespace

Spec spec_named(const std::string& name) {
  const std::vector<Spec> specs = {
      {.name = "plain"},
      {.name = "tied",
       .seed = 2,
       .hidden = 48,
       .inner = 100,
       .layers = 2,
       .heads = 6,
       .kv_heads = 2,
       .head_dim = 8,
       .vocab = 131,
       .tied = true},
      {.name = "odd",
       .seed = 3,
       .hidden = 60,
       .inner = 77,
       .layers = 2,
       .heads = 3,
       .kv_heads = 1,
       .head_dim = 20,
       .vocab = 101},
      {.name = "groups",
       .seed = 4,
       .hidden = 96,
       .inner = 96,
       .layers = 2,
       .heads = 14,
       .kv_heads = 2,
       .head_dim = 24,
       .vocab = 64},
      {.name = "long",
       .seed = 5,
       .hidden = 32,
       .inner = 64,
       .layers = 2,
       .heads = 2,
       .kv_heads = 1,
       .head_dim = 16,
       .vocab = 64},
      {.name = "yarn",
       .seed = 6,
       .hidden = 64,
       .inner = 96,
       .layers = 2,
       .heads = 4,
       .kv_heads = 1,
       .head_dim = 16,
       .vocab = 80,
       .yarn_factor = 4,
       .yarn_original = 64},
      {.name = "window",
       .seed = 7,
       .hidden = 64,
       .inner = 96,
       .layers = 4,
       .heads = 4,
       .kv_heads = 2,
       .head_dim = 16,
       .vocab = 80,
       .window = 40,
       .max_window_layers = 2},
      {.name = "bf16", .seed = 8, .type = DataType::bf16},
      {.name = "packed_bf16", .seed = 8, .type = DataType::bf16, .packed_bf16 = true},
      {.name = "f16", .seed = 9, .tied = true, .type = DataType::f16}};
  for (const Spec& spec : specs) {
    if (spec.name == name) return spec;
  }
  throw std::invalid_argument("no spec named " + name);
}

ModelConfig config_of(const Spec& spec) {
  ModelConfig config;
  config.architecture = "qwen2";
  config.vocab_size = spec.vocab;
  config.hidden_size = spec.hidden;
  config.intermediate_size = spec.inner;
  config.num_hidden_layers = spec.layers;
  config.num_attention_heads = spec.heads;
  config.num_key_value_heads = spec.kv_heads;
  config.head_dim = spec.head_dim;
  config.max_position_embeddings = 32768;
  config.tie_word_embeddings = spec.tied;
  config.max_window_layers = spec.max_window_layers;
  if (spec.window > 0) config.sliding_window = spec.window;
  if (spec.yarn_factor > 0) {
    config.yarn = ModelConfig::Yarn{.factor = spec.yarn_factor,
                                    .original_max_position_embeddings = spec.yarn_original,
                                    .attention_factor = 0.1 * std::log(spec.yarn_factor) + 1.0};
  }
  return config;
}

TensorSet::TensorSet(const Spec& spec) {
  const auto u = [](std::int32_t value) { return static_cast<std::uint64_t>(value); };
  const std::uint64_t hidden = u(spec.hidden);
  const std::uint64_t inner = u(spec.inner);
  const std::uint64_t q = u(spec.heads) * u(spec.head_dim);
  const std::uint64_t kv = u(spec.kv_heads) * u(spec.head_dim);
  add(spec, "model.embed_tokens.weight", {u(spec.vocab), hidden});
  for (std::int32_t i = 0; i < spec.layers; ++i) {
    const std::string p = "model.layers." + std::to_string(i) + ".";
    add(spec, p + "input_layernorm.weight", {hidden});
    add(spec, p + "post_attention_layernorm.weight", {hidden});
    for (const auto& [letter, rows] : {std::pair{"q", q}, std::pair{"k", kv}, std::pair{"v", kv}}) {
      add(spec, p + "self_attn." + letter + "_proj.weight", {rows, hidden});
      add(spec, p + "self_attn." + letter + "_proj.bias", {rows});
    }
    add(spec, p + "self_attn.o_proj.weight", {hidden, q});
    add(spec, p + "mlp.gate_proj.weight", {inner, hidden});
    add(spec, p + "mlp.up_proj.weight", {inner, hidden});
    add(spec, p + "mlp.down_proj.weight", {hidden, inner});
  }
  add(spec, "model.norm.weight", {hidden});
  if (!spec.tied) add(spec, "lm_head.weight", {u(spec.vocab), hidden});
}

void TensorSet::add(const Spec& spec, const std::string& name, std::vector<std::uint64_t> shape) {
  std::size_t count = 1;
  for (const std::uint64_t extent : shape) count *= extent;
  const std::vector<double> values = values_of(spec, name, count, shape.back());
  std::vector<std::byte>& stored = bytes_.emplace_back(count * size_of(spec.type));
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(values[i]);
    if (spec.type == DataType::f32) {
      std::memcpy(&stored[i * 4], &value, 4);
      continue;
    }
    const std::uint16_t bits = spec.type == DataType::bf16 ? f32_to_bf16(value) : f32_to_f16(value);
    std::memcpy(&stored[i * 2], &bits, 2);
  }
  tensors_.push_back({name, spec.type, std::move(shape), stored, "in memory"});
}

const StoredTensor* TensorSet::find(std::string_view name) const noexcept {
  for (const StoredTensor& tensor : tensors_) {
    if (tensor.name == name) return &tensor;
  }
  return nullptr;
}

StoredTensor& TensorSet::tensor(std::string_view name) {
  for (StoredTensor& tensor : tensors_) {
    if (tensor.name == name) return tensor;
  }
  throw std::invalid_argument("no tensor named " + std::string(name));
}

std::vector<std::byte>& TensorSet::bytes(std::string_view name) {
  return bytes_[static_cast<std::size_t>(&tensor(name) - tensors_.data())];
}

Model make_model(const Spec& spec, void (*change)(TensorSet&), const std::vector<TokenId>& ends) {
  auto tensors = std::make_unique<TensorSet>(spec);
  if (change != nullptr) change(*tensors);
  auto impl = std::make_shared<Model::Impl>();
  impl->info.name = spec.name;
  impl->info.config = config_of(spec);
  impl->info.eos_token_ids = ends;
  impl->tokenizer = test::tiny_tokenizer();
  impl->info.weight_type = spec.type;
  WeightLoading loading;
  if (spec.packed_bf16) loading.types = [](const StoredTensor&) { return DataType::bf16; };
  impl->weights = std::make_unique<ModelWeights>(impl->info.config, *tensors, Host{},
                                                 cpu_tier_from_environment(), loading);
  impl->source = std::move(tensors);
  return Model(std::move(impl));
}

std::vector<TokenId> token_ids(const Spec& spec, std::size_t count) {
  CounterRng rng(spec.seed ^ hash("tokens"));
  std::vector<TokenId> ids(count);
  for (TokenId& id : ids) id = static_cast<TokenId>(rng.next_unit() * spec.vocab);
  return ids;
}

}  // namespace tlite::testing

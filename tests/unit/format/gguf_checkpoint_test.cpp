#include "format/gguf_checkpoint.hpp"

#include "format/gguf_model.hpp"
#include "format/model_config.hpp"
#include "format/tensor_list.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"

#include <algorithm>
#include <cstring>
#include <functional>
#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::GgufBuilder;
using test::MemoryFiles;
using test::raw;
using test::tiny_config;
using test::tiny_gguf;
using test::tiny_gguf_metadata;

using Change = std::function<void(GgufBuilder&)>;

std::string refusal(const Change& change) {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  change(builder);
  files["m.gguf"] = builder.bytes();
  return error_of([&] { open_checkpoint("m.gguf", files); });
}

// The checkpoint of tiny_gguf with other metadata.
ModelConfig config_with(const Change& change) {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  change(builder);
  files["m.gguf"] = builder.bytes();
  return open_checkpoint("m.gguf", files).config;
}

// tiny_gguf in `parts` files "m-0000i-of-0000N.gguf", tensors dealt in turn.
std::vector<GgufBuilder> split(std::size_t parts) {
  std::vector<GgufBuilder> files(parts);
  files[0] = tiny_gguf_metadata();
  const std::vector<test::TestTensor> tensors = test::random_tensors(tiny_config(), DataType::f32);
  for (std::size_t i = 0; i < parts; ++i) {
    files[i].put("split.no", 2, raw(static_cast<std::uint16_t>(i)));
    files[i].put("split.count", 2, raw(static_cast<std::uint16_t>(parts)));
    files[i].put("split.tensors.count", 5, raw(static_cast<std::int32_t>(tensors.size())));
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    files[i % parts].tensor(gguf_name(tensors[i].name), tensors[i].shape, 0, tensors[i].bytes);
  }
  return files;
}

std::string part_name(std::size_t part) {
  return "m/m-0000" + std::to_string(part + 1) + "-of-00003.gguf";
}

MemoryFiles split_files(const std::vector<GgufBuilder>& parts) {
  MemoryFiles files;
  for (std::size_t i = 0; i < parts.size(); ++i) files[part_name(i)] = parts[i].bytes();
  return files;
}

}  // namespace

TEST_CASE("format/gguf_checkpoint: tensor names go to Hugging Face's and back") {
  for (const ExpectedTensor& tensor : expected_tensors(tiny_config())) {
    const std::string name = gguf_name(tensor.name);
    REQUIRE_FALSE(name.empty());
    CHECK(name != tensor.name);
    CHECK(hugging_face_name(name) == tensor.name);
  }
  CHECK(gguf_name("model.layers.17.mlp.down_proj.weight") == "blk.17.ffn_down.weight");
  for (const char* name : {"", "blk.", "blk.1", "blk.1.", "blk..ffn_up.weight",
                           "blk.x.ffn_up.weight", "blk.1.ffn_up", "rope_freqs.weight"}) {
    CHECK(hugging_face_name(name).empty());
  }
}

TEST_CASE("format/gguf_checkpoint: a header of any length") {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  const std::string text(std::size_t{40} << 20, 'x');
  builder.put_string("a.long.text", text).put_string("z", "the end");
  files["m.gguf"] = builder.bytes();
  const GgufContent content = open_gguf_file("m.gguf", files);
  CHECK(content.file.string("a.long.text") == text);
  CHECK(content.file.string("z") == "the end");
  CHECK(open_checkpoint("m.gguf", files).config.hidden_size == tiny_config().hidden_size);
  files["m.gguf"].resize(std::size_t{30} << 20);
  CHECK(error_of([&] {
          open_checkpoint("m.gguf", files);
        }).starts_with("corrupt: m.gguf: truncated: a.long.text at byte "));
}

TEST_CASE("format/gguf_checkpoint: one file is the same checkpoint as the directory") {
  for (const DataType type : {DataType::f32, DataType::f16, DataType::bf16}) {
    for (const bool tied : {false, true}) {
      ModelConfig config = tiny_config();
      config.tie_word_embeddings = tied;
      const auto directory = test::tiny_checkpoint("m", config, type);
      (*directory)["m.GGUF"] = tiny_gguf(config, type).bytes();
      const Checkpoint a = open_checkpoint("m", *directory);
      const Checkpoint b = open_checkpoint("m.GGUF", *directory);
      CHECK(b.name == "Крошка");
      CHECK(b.format == "gguf");
      CHECK(b.has_chat_template);
      CHECK(b.eos_token_ids == a.eos_token_ids);
      CHECK(b.config.tie_word_embeddings == tied);
      CHECK(b.config.head_dim == a.config.head_dim);
      CHECK(b.config.rms_norm_eps == a.config.rms_norm_eps);
      CHECK(b.config.rope_theta == a.config.rope_theta);
      REQUIRE(a.weights->tensors().size() == b.weights->tensors().size());
      for (const StoredTensor& tensor : a.weights->tensors()) {
        const StoredTensor* other = b.weights->find(tensor.name);
        REQUIRE(other != nullptr);
        CHECK(other->type == tensor.type);
        CHECK(other->shape == tensor.shape);
        CHECK(std::ranges::equal(other->data, tensor.data));
      }
    }
  }
}

TEST_CASE("format/gguf_checkpoint: a split file is one checkpoint, opened by its first part") {
  const MemoryFiles files = split_files(split(3));
  const Checkpoint checkpoint = open_checkpoint(part_name(0), files);
  CHECK(checkpoint.weights->tensors().size() == 27);
  CHECK(checkpoint.weights->find("lm_head.weight")->file == part_name(26 % 3));
}

TEST_CASE("format/gguf_checkpoint: splits with parts missing, swapped or of another file") {
  const std::vector<GgufBuilder> good = split(3);
  const auto refuse = [&](const std::function<void(MemoryFiles&)>& change, std::size_t part = 0) {
    MemoryFiles files = split_files(good);
    change(files);
    return error_of([&] { open_checkpoint(part_name(part), files); });
  };
  CHECK(refuse([](MemoryFiles& files) { files.remove(part_name(1)); }) ==
        "not_found: " + part_name(1) + ": no such file, and " + part_name(0) + " needs it");
  CHECK(refuse([](MemoryFiles& files) { std::swap(files[part_name(1)], files[part_name(2)]); }) ==
        "corrupt: " + part_name(1) + ": this is part 3 of 3, where part 2 of 3 is needed");
  CHECK(refuse([](MemoryFiles&) {}, 1) ==
        "corrupt: " + part_name(1) + ": this is part 2 of 3, where part 1 of 3 is needed");
  CHECK(refuse([](MemoryFiles& files) {
          files[part_name(2)].resize(100);
        }).starts_with("corrupt: " + part_name(2) + ": "));
  CHECK(refuse([&](MemoryFiles& files) {
          GgufBuilder more = good[1];
          files[part_name(1)] = more.tensor("extra", {1}, 0, "abcd").bytes();
        }) == "corrupt: " + part_name(0) + ": split.tensors.count: 27, the parts have 28 tensors");
  CHECK(refuse([&](MemoryFiles& files) {
          GgufBuilder again = good[1];
          files[part_name(1)] = again.drop("split.count").bytes();
        }) == "corrupt: " + part_name(1) + ": split.count is missing");
  MemoryFiles files;
  files["m.gguf"] = good[0].bytes();
  CHECK(
      error_of([&] { open_checkpoint("m.gguf", files); }) ==
      "corrupt: m.gguf: the first part of a file split in 3 must be named ...-00001-of-00003.gguf");
}

TEST_CASE("format/gguf_checkpoint: rope scaling, sampling and lengths come from the metadata") {
  const ModelConfig config = config_with([](GgufBuilder& file) {
    file.put_string("qwen2.rope.scaling.type", "yarn").put_f32("qwen2.rope.scaling.factor", 4.0F);
    file.put_u32("qwen2.rope.scaling.original_context_length", 128);
    file.drop("qwen2.attention.head_count_kv").put_u32("qwen2.attention.head_count_kv", 2);
    file.put_u32("qwen2.rope.dimension_count", 8);
  });
  REQUIRE(config.yarn.has_value());
  CHECK(config.yarn->factor == 4.0);
  CHECK(config.yarn->original_max_position_embeddings == 128);
  CHECK(config.yarn->attention_factor == yarn_attention_factor(4.0, 0, 0));
  CHECK_FALSE(config_with([](GgufBuilder& file) {
                file.put_string("qwen2.rope.scaling.type", "none");
              }).yarn.has_value());
  CHECK(config_with([](GgufBuilder& file) { file.drop("qwen2.rope.freq_base"); }).rope_theta ==
        10000);

  MemoryFiles files;
  files["m.gguf"] = tiny_gguf()
                        .put_f32("general.sampling.temp", 0.7F)
                        .put("general.sampling.top_k", 5, raw<std::int32_t>(20))
                        .put_f32("general.sampling.penalty_repeat", 1.05F)
                        .bytes();
  const SamplingParams sampling = open_checkpoint("m.gguf", files).generation.sampling;
  CHECK(sampling.temperature == 0.7F);
  CHECK(sampling.top_k == 20);
  CHECK(sampling.repetition_penalty == 1.05F);
  CHECK(sampling.top_p == 1.0F);
}

TEST_CASE("format/gguf_checkpoint: metadata that is missing, wrong or not supported is named") {
  struct Case {
    Change change;
    std::string error;
  };
  const auto string = [](const char* key, const char* value) -> Change {
    return [=](GgufBuilder& file) { file.put_string(key, value); };
  };
  const auto u32 = [](const char* key, std::uint32_t value) -> Change {
    return [=](GgufBuilder& file) { file.put_u32(key, value); };
  };
  const auto drop = [](const char* key) -> Change {
    return [=](GgufBuilder& file) { file.drop(key); };
  };
  const Case cases[] = {
      {string("general.architecture", "llama"),
       "not_supported: m.gguf: general.architecture: not supported: architecture llama"},
      {drop("general.architecture"), "corrupt: m.gguf: general.architecture is missing"},
      {u32("general.architecture", 2),
       "corrupt: m.gguf: general.architecture: expected a string, found a value of type uint32"},
      {drop("qwen2.block_count"), "corrupt: m.gguf: qwen2.block_count is missing"},
      {string("qwen2.block_count", "2"),
       "corrupt: m.gguf: qwen2.block_count: expected an integer, found a value of type string"},
      {u32("qwen2.block_count", 0), "corrupt: m.gguf: qwen2.block_count: 0 is not in [1, 4096]"},
      {u32("qwen2.block_count", 3),
       "not_found: m.gguf: tensor model.layers.2.input_layernorm.weight is missing"},
      {u32("qwen2.embedding_length", 64),
       "corrupt: m.gguf: tensor model.embed_tokens.weight: shape [264, 32], where the "
       "configuration asks for [264, 64]"},
      {u32("qwen2.attention.head_count_kv", 3),
       "corrupt: m.gguf: num_key_value_heads: 3 does not divide num_attention_heads 4"},
      {u32("qwen2.attention.key_length", 7),
       "corrupt: m.gguf: head_dim: 7 is not an even number above 0"},
      {u32("qwen2.attention.value_length", 4),
       "not_supported: m.gguf: qwen2.attention.value_length: not supported: values of another "
       "length than keys"},
      {u32("qwen2.rope.dimension_count", 4),
       "not_supported: m.gguf: qwen2.rope.dimension_count: not supported: rope over 4 of 8 "
       "dimensions"},
      {string("qwen2.rope.scaling.type", "longrope"),
       "not_supported: m.gguf: qwen2.rope.scaling.type: not supported: rope scaling longrope"},
      {string("general.type", "adapter"),
       "not_supported: m.gguf: general.type: not supported: this is not a model but a LoRA "
       "adapter; merge it into its model and give that"},
      {[](GgufBuilder& file) {
         file.put_i32s("qwen2.attention.head_count_kv", {2, 1});
       },
       "not_supported: m.gguf: qwen2.attention.head_count_kv: not supported: layers of different "
       "sizes"},
      {[](GgufBuilder& file) {
         file.put_i32s("qwen2.feed_forward_length", {0, 0});
       },
       "corrupt: m.gguf: qwen2.feed_forward_length: an array of sizes in [1, 1048576] is needed"},
      {string("qwen2.rope.scaling.type", "yarn"),
       "corrupt: m.gguf: qwen2.rope.scaling.factor is missing"},
      {drop("tokenizer.ggml.tokens"), "corrupt: m.gguf: tokenizer.ggml.tokens is missing"},
      {[](GgufBuilder& file) { file.tensor("blk.0.attn_q.weight", {1}, 0, "abcd"); },
       "corrupt: m.gguf: tensor model.layers.0.self_attn.q_proj.weight is there twice"},
  };
  for (const Case& c : cases) CHECK(refusal(c.change) == c.error);
  CHECK(refusal([](GgufBuilder& file) { file.put_u32("split.count", 1); }) == "nothing");
}

TEST_CASE("format/gguf_checkpoint: what llama.cpp runs with a warning runs here with one") {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  builder.put_u32("tokenizer.ggml.eos_token_id", 264).put_u32("tokenizer.ggml.bos_token_id", 999);
  builder.put_u32("tokenizer.ggml.padding_token_id", UINT32_MAX);  // none
  builder.put_strings("tokenizer.ggml.merges", {"a b"});           // makes no token
  builder.put_i32s("qwen2.attention.head_count_kv", {2, 2});
  files["m.gguf"] = builder.bytes();
  const Checkpoint checkpoint = open_checkpoint("m.gguf", files);
  CHECK(checkpoint.warnings ==
        std::vector<std::string>{
            "m.gguf: tokenizer.ggml.bos_token_id: 999 is not the id of a token and is not used",
            "m.gguf: tokenizer.ggml.eos_token_id: 264 is not the id of a token and is not used"});
  CHECK(checkpoint.config.num_key_value_heads == 2);
  CHECK(checkpoint.eos_token_ids == std::vector<TokenId>{258, 256});  // by their texts
  Host host;
  host.files = std::make_shared<MemoryFiles>(files);
  const Tokenizer tokenizer = Tokenizer::load("m.gguf", host);
  CHECK(tokenizer.encode("ab") == std::vector<TokenId>{97, 98});
  CHECK_FALSE(tokenizer.bos_token().has_value());
}

TEST_CASE("format/gguf_checkpoint: tokens around a text, and another name for the same words") {
  const auto encode = [](const Change& change) {
    GgufBuilder builder = tiny_gguf();
    builder.put_u32("tokenizer.ggml.bos_token_id", 256);
    change(builder);
    Host host;
    const auto files = std::make_shared<MemoryFiles>();
    (*files)["m.gguf"] = builder.bytes();
    host.files = files;
    const Tokenizer tokenizer = Tokenizer::load("m.gguf", host);
    CHECK(tokenizer.encode("a", {.add_special = false}) == std::vector<TokenId>{97});
    return tokenizer.encode("a");
  };
  const auto flag = [](const char* key, char value) -> Change {
    return [=](GgufBuilder& file) { file.put(key, 7, std::string(1, value)); };
  };
  using Ids = std::vector<TokenId>;
  CHECK(encode([](GgufBuilder&) {}) == Ids{97});
  CHECK(encode(flag("tokenizer.ggml.add_bos_token", 0)) == Ids{97});
  CHECK(encode(flag("tokenizer.ggml.add_bos_token", 1)) == Ids{256, 97});
  CHECK(encode(flag("tokenizer.ggml.add_eos_token", 1)) == Ids{97, 258});
  CHECK(encode([](GgufBuilder& file) {
          file.put_string("tokenizer.ggml.pre", "deepseek-r1-qwen");
        }) == Ids{97});
}

TEST_CASE("format/gguf_checkpoint: linear rope scaling in llama.cpp's spellings") {
  const auto factor = [](const Change& change) {
    MemoryFiles files;
    GgufBuilder builder = tiny_gguf();
    change(builder);
    files["m.gguf"] = builder.bytes();
    return open_checkpoint("m.gguf", files).config.rope_linear_factor;
  };
  const std::string type = "qwen2.rope.scaling.type";
  const std::string key = "qwen2.rope.scaling.factor";
  CHECK(factor([](GgufBuilder&) {}) == 1.0);
  CHECK(factor([&](GgufBuilder& f) { f.put_string(type, "linear").put_f32(key, 4); }) == 4.0);
  CHECK(factor([&](GgufBuilder& f) { f.put_string(type, "linear"); }) == 1.0);
  CHECK(factor([&](GgufBuilder& f) { f.put_f32(key, 2); }) == 2.0);
  CHECK(factor([&](GgufBuilder& f) { f.put_f32("qwen2.rope.scale_linear", 2); }) == 2.0);
  CHECK(factor([&](GgufBuilder& f) { f.put_string(type, "none").put_f32(key, 4); }) == 1.0);
}

TEST_CASE("format/gguf_checkpoint: our own entries say what the directory said") {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  builder.put_string("tlite.generation_config", R"({"do_sample":true,"top_p":0.5,"top_k":-2})");
  builder.put_i32s("tlite.eos_token_ids", {256, 300, -1});
  builder.put_f32("general.sampling.top_p", 0.9F);
  files["m.gguf"] = builder.bytes();
  const Checkpoint checkpoint = open_checkpoint("m.gguf", files);
  CHECK(checkpoint.generation.sampling.top_p == 0.5F);
  CHECK(checkpoint.generation.sampling.top_k == 50);
  CHECK(checkpoint.eos_token_ids == std::vector<TokenId>{256});
  CHECK(checkpoint.warnings ==
        std::vector<std::string>{"m.gguf: tlite.generation_config: top_k: -2 is not in [0, "
                                 "2147483647]; the default counts"});
}

TEST_CASE("format/gguf_checkpoint: a bad default is a warning and no more") {
  MemoryFiles files;
  GgufBuilder builder = tiny_gguf();
  builder.put_f32("general.sampling.top_p", 2).put_f32("general.sampling.temp", 0.5F);
  files["m.gguf"] = builder.bytes();
  const Checkpoint checkpoint = open_checkpoint("m.gguf", files);
  CHECK(checkpoint.generation.sampling.temperature == 0.5F);
  CHECK(checkpoint.generation.sampling.top_p == 1.0F);
  CHECK(checkpoint.warnings.size() == 1);
}

TEST_CASE("format/gguf_checkpoint: tensors of types that are not run are refused by name") {
  const auto with = [](const std::string& name, std::uint32_t type, std::size_t bytes) {
    GgufBuilder file = tiny_gguf_metadata();
    for (const test::TestTensor& tensor : test::random_tensors(tiny_config(), DataType::f32)) {
      const bool here = tensor.name == name;
      file.tensor(gguf_name(tensor.name), tensor.shape, here ? type : 0,
                  here ? std::string(bytes, '\0') : tensor.bytes);
    }
    MemoryFiles files;
    files["m.gguf"] = file.bytes();
    return error_of([&] { open_checkpoint("m.gguf", files); });
  };
  const std::string start = "not_supported: m.gguf: tensor ";
  CHECK(with("model.layers.0.mlp.up_proj.weight", 24, 48 * 32) ==
        start + "model.layers.0.mlp.up_proj.weight: not supported: weights of type I8");
  CHECK(with("model.layers.0.mlp.up_proj.weight", 77, 1) ==
        start + "model.layers.0.mlp.up_proj.weight: not supported: weights of type number 77");
  CHECK(with("model.embed_tokens.weight", 24, 264 * 32) ==
        start + "token_embd.weight: not supported: weights of type I8");
  CHECK(with("lm_head.weight", 24, 264 * 32) ==
        start + "lm_head.weight: not supported: weights of type I8");
  CHECK(with("model.norm.weight", 8, 34) ==
        start + "model.norm.weight: not supported: a norm or bias of type q8_0");
}

TEST_CASE("format/gguf_checkpoint: the tokenizer's lists must fit each other") {
  struct Case {
    Change change;
    std::string error;
  };
  const Case cases[] = {
      {[](GgufBuilder& f) { f.put_string("tokenizer.ggml.model", "llama"); },
       "not_supported: g: tokenizer.ggml.model: not supported: a tokenizer of kind llama"},
      {[](GgufBuilder& f) { f.put_string("tokenizer.ggml.pre", "llama-bpe"); },
       "not_supported: g: tokenizer.ggml.pre: not supported: a tokenizer of kind llama-bpe"},
      {[](GgufBuilder& f) { f.drop("tokenizer.ggml.pre"); },
       "corrupt: g: tokenizer.ggml.pre is missing"},
      {[](GgufBuilder& f) {
         f.put_i32s("tokenizer.ggml.token_type", {1, 2});
       },
       "corrupt: g: tokenizer.ggml.token_type: 2 types for 264 tokens"},
      {[](GgufBuilder& f) { f.put_strings("tokenizer.ggml.merges", {"ab"}); },
       "corrupt: g: tokenizer.ggml.merges: item 0 is not two tokens with a space between"},
      {[](GgufBuilder& f) { f.put_strings("tokenizer.ggml.merges", {""}); },
       "corrupt: g: tokenizer.ggml.merges: item 0 is not two tokens with a space between"},
      {[](GgufBuilder& f) {
         f.put_strings("tokenizer.ggml.tokens", {"a", "a"}).drop("tokenizer.ggml.token_type");
       },
       "corrupt: g: tokenizer.ggml.tokens: item 1 is there twice"},
      {[](GgufBuilder& f) { f.put_string("tokenizer.ggml.bos_token_id", "x"); },
       "corrupt: g: tokenizer.ggml.bos_token_id: expected an integer, found a value of type "
       "string"},
  };
  for (const Case& c : cases) {
    GgufBuilder builder = tiny_gguf_metadata();
    c.change(builder);
    const std::string bytes = builder.bytes();
    CHECK(error_of([&] { read_gguf_tokenizer(GgufFile(std::as_bytes(std::span(bytes)), "g")); }) ==
          c.error);
  }
}

}  // namespace tlite

#include "format/checkpoint.hpp"

#include "base/file.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::tiny_checkpoint;
using test::tiny_config;

// Replaces the one occurrence of `from`.
std::string with(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("format/checkpoint: a directory opens with its configuration, defaults and weights") {
  for (const DataType type : {DataType::f32, DataType::f16, DataType::bf16}) {
    const auto files = tiny_checkpoint("models/крошка", tiny_config(), type);
    const Checkpoint checkpoint = open_checkpoint("models/крошка", *files);
    CHECK(checkpoint.name == "крошка");
    CHECK(checkpoint.format == "safetensors");
    CHECK(checkpoint.config.vocab_size == 264);
    CHECK(checkpoint.config.head_dim == 8);
    CHECK(checkpoint.eos_token_ids == std::vector<TokenId>{258, 256});
    CHECK(checkpoint.generation.sampling.temperature == 0.7F);
    CHECK(checkpoint.generation.sampling.top_k == 20);
    CHECK(checkpoint.generation.sampling.top_p == 0.8F);
    CHECK(checkpoint.generation.sampling.repetition_penalty == 1.05F);
    const StoredTensor* tensor = checkpoint.weights->find("model.layers.1.mlp.down_proj.weight");
    REQUIRE(tensor != nullptr);
    CHECK(tensor->type == type);
    CHECK(tensor->shape == std::vector<std::uint64_t>{32, 48});
  }
}

TEST_CASE("format/checkpoint: the same from disk, under a Cyrillic path with a space") {
  const test::TemporaryDirectory directory("Модель Т-лайт");
  directory.write(*tiny_checkpoint("m"), "m");
  const Checkpoint checkpoint = open_checkpoint(directory.path(), *system_files());
  CHECK(checkpoint.name == "Модель Т-лайт");
  CHECK(checkpoint.weights->tensors().size() == 27);
}

TEST_CASE("format/checkpoint: a matrix of its own beside tied embeddings counts where it differs") {
  ModelConfig config = tiny_config();
  const auto untied = tiny_checkpoint("m", config);
  config.tie_word_embeddings = true;
  const auto tied = tiny_checkpoint("m", config);
  CHECK(open_checkpoint("m", *tied).weights->find("lm_head.weight") == nullptr);
  const auto check = [&](const std::vector<test::TestTensor>& tensors, bool stays_tied) {
    (*tied)["m/model.safetensors"] = test::safetensors_bytes(tensors);
    const Checkpoint checkpoint = open_checkpoint("m", *tied);
    CHECK(checkpoint.config.tie_word_embeddings == stays_tied);
    const std::vector<std::string> warning = {
        "m: tie_word_embeddings is true, but lm_head.weight differs from the embeddings and is "
        "used"};
    CHECK(checkpoint.warnings == (stays_tied ? std::vector<std::string>() : warning));
  };
  std::vector<test::TestTensor> tensors = test::random_tensors(tiny_config(), DataType::f32);
  check(tensors, false);
  const auto named = [&](const std::string& name) {
    return std::find_if(tensors.begin(), tensors.end(),
                        [&](const test::TestTensor& tensor) { return tensor.name == name; });
  };
  REQUIRE(named("lm_head.weight") != tensors.end());
  named("lm_head.weight")->bytes = named("model.embed_tokens.weight")->bytes;
  check(tensors, true);
  named("lm_head.weight")->bytes.back() ^= 1;
  check(tensors, false);
}

TEST_CASE("format/checkpoint: a model saved without its head has the names without the prefix") {
  ModelConfig config = tiny_config();
  config.tie_word_embeddings = true;
  const auto files = tiny_checkpoint("m", config);
  std::vector<test::TestTensor> tensors = test::random_tensors(config, DataType::f32);
  for (test::TestTensor& tensor : tensors) tensor.name = tensor.name.substr(6);
  (*files)["m/model.safetensors"] = test::safetensors_bytes(tensors);
  std::string& json = (*files)["m/config.json"];
  json = with(json, "Qwen2ForCausalLM", "Qwen2Model");
  CHECK(open_checkpoint("m", *files).weights->find("model.norm.weight") != nullptr);
  json = with(json, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false");
  CHECK(error_of([&] { open_checkpoint("m", *files); }) ==
        "not_found: m: tensor lm_head.weight is missing");
}

TEST_CASE("format/checkpoint: what is no model says what it is") {
  const auto files = tiny_checkpoint("m");
  files->remove("m/config.json");
  (*files)["m/adapter_config.json"] =
      R"({"peft_type":"LORA","base_model_name_or_path":"t-tech/T-lite-it-1.0"})";
  CHECK(error_of([&] { open_checkpoint("m", *files); }) ==
        "not_supported: m: not supported: this is a PEFT adapter (LORA) for t-tech/T-lite-it-1.0, "
        "not a model; merge it into that model (merge_and_unload of peft) and give the result");
  struct Mark {
    std::string suffix;
    std::string tool;
  };
  const Mark marks[] = {{"qweight", "GPTQ or AWQ"},
                        {"weight_packed", "compressed-tensors"},
                        {"weight.absmax", "bitsandbytes"},
                        {"scales", "MLX"}};
  for (const Mark& mark : marks) {
    const auto quantized = tiny_checkpoint("m");
    std::vector<test::TestTensor> tensors = test::random_tensors(tiny_config(), DataType::f32);
    for (test::TestTensor& tensor : tensors) {
      const std::size_t at = tensor.name.find("q_proj.weight");
      if (at != std::string::npos) tensor.name = tensor.name.substr(0, at + 7) + mark.suffix;
    }
    (*quantized)["m/model.safetensors"] = test::safetensors_bytes(tensors);
    CHECK(error_of([&] { open_checkpoint("m", *quantized); }) ==
          "not_supported: m/model.safetensors: tensor model.layers.0.self_attn.q_proj." +
              mark.suffix + ": not supported: this is a checkpoint quantized by " + mark.tool +
              "; give the original one (tlite quantizes it itself) or a GGUF file of it");
  }
}

TEST_CASE("format/checkpoint: without generation_config.json the configuration gives the ids") {
  const auto files = tiny_checkpoint("m");
  files->remove("m/generation_config.json");
  const Checkpoint checkpoint = open_checkpoint("m", *files);
  CHECK(checkpoint.eos_token_ids == std::vector<TokenId>{258});
  CHECK(checkpoint.generation.sampling.temperature == 1.0F);
  CHECK(checkpoint.generation.sampling.top_k == 0);
}

TEST_CASE("format/checkpoint: what does not fit together is refused by name") {
  struct Case {
    std::string file;
    std::string from;
    std::string to;
    std::string error;
  };
  const std::string q = R"("model.layers.1.self_attn.q_proj.weight")";
  const Case cases[] = {
      {"model.safetensors", q, R"("model.layers.1.self_attn.q_prog.weight")",
       "not_found: m: tensor model.layers.1.self_attn.q_proj.weight is missing"},
      {"model.safetensors", q + R"(:{"dtype":"F32","shape":[32,32])",
       q + R"(:{"dtype":"F32","shape":[16,64])",
       "corrupt: m/model.safetensors: tensor model.layers.1.self_attn.q_proj.weight: shape "
       "[16, 64], where the configuration asks for [32, 32]"},
      {"model.safetensors", q + R"(:{"dtype":"F32")", q + R"(:{"dtype":"I32")",
       "not_supported: m/model.safetensors: tensor model.layers.1.self_attn.q_proj.weight: not "
       "supported: weights of type I32"},
      {"config.json", "\"vocab_size\": 264", "\"vocab_size\": 265",
       "corrupt: m/model.safetensors: tensor model.embed_tokens.weight: shape [264, 32], where the "
       "configuration asks for [265, 32]"},
      {"config.json", "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": 1",
       "corrupt: m/config.json: tie_word_embeddings: expected true or false, found 1"},
  };
  for (const Case& c : cases) {
    const auto files = tiny_checkpoint("m");
    std::string& text = (*files)["m/" + c.file];
    text = with(text, c.from, c.to);
    CHECK(error_of([&] { open_checkpoint("m", *files); }) == c.error);
  }
}

TEST_CASE("format/checkpoint: missing and empty files are named") {
  struct Case {
    std::string file;
    bool empty;
    std::string error;
  };
  const Case cases[] = {
      {"config.json", false, "not_found: m/config.json: not in memory"},
      {"config.json", true, "corrupt: m/config.json: not JSON: Empty: no JSON found"},
      {"model.safetensors", false,
       "not_found: m: neither model.safetensors nor model.safetensors.index.json is there"},
      {"model.safetensors", true,
       "corrupt: m/model.safetensors: truncated: 0 bytes, the header needs 8"},
  };
  for (const Case& c : cases) {
    const auto files = tiny_checkpoint("m");
    if (c.empty) {
      (*files)["m/" + c.file].clear();
    } else {
      files->remove("m/" + c.file);
    }
    CHECK(error_of([&] { open_checkpoint("m", *files); }) == c.error);
  }
  const auto files = tiny_checkpoint("m");
  CHECK(error_of([&] { open_checkpoint("n", *files); }) ==
        "not_found: n: no such file or directory");
  CHECK(error_of([&] { open_checkpoint("m/config.json", *files); }) ==
        "not_supported: m/config.json: not supported: a checkpoint that is neither a directory nor "
        "a GGUF file");
}

TEST_CASE("format/checkpoint: a bad generation_config.json is a warning and no more") {
  const auto files = tiny_checkpoint("m");
  std::string& json = (*files)["m/generation_config.json"];
  json = with(json, "\"temperature\":0.7", "\"temperature\":\"hot\"");
  const Checkpoint checkpoint = open_checkpoint("m", *files);
  CHECK(checkpoint.warnings ==
        std::vector<std::string>{"m/generation_config.json: temperature: expected a number, found "
                                 "\"hot\"; the default counts"});
  CHECK(checkpoint.generation.sampling.top_p == 0.8F);
  json.clear();
  CHECK(open_checkpoint("m", *files).eos_token_ids == std::vector<TokenId>{258});
}

TEST_CASE("format/checkpoint: both configurations name ends of a turn") {
  const auto files = tiny_checkpoint("m");
  std::string& json = (*files)["m/generation_config.json"];
  json = with(json, "[258,256]", "256");
  CHECK(open_checkpoint("m", *files).eos_token_ids == std::vector<TokenId>{256, 258});
}

TEST_CASE("format/checkpoint: a configuration of megabytes is refused unread") {
  const auto files = tiny_checkpoint("m");
  (*files)["m/config.json"].append(2'000'000, ' ');
  CHECK(
      error_of([&] { open_checkpoint("m", *files); }).starts_with("corrupt: m/config.json: 2000"));
}

}  // namespace tlite

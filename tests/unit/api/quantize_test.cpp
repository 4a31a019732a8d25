#include "tensor/quantize.hpp"

#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_file.hpp"
#include "format/gguf_model.hpp"
#include "tensor/blocks.hpp"
#include "tensor/dtype.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/file_size_limit.hpp"
#include "unit/support/gguf_builder.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/model.hpp>
#include <tlite/quantize.hpp>

namespace tlite {
namespace {

using test::error_of;
using test::raw;
using test::tiny_config;

// Rows of 64 and 96: whole blocks of 32, not of 256.
ModelConfig small_config() {
  ModelConfig config = tiny_config();
  config.hidden_size = 64;
  config.intermediate_size = 96;
  config.head_dim = 16;
  return config;
}

// A source in memory and a target on the disk, as for a game that ships its models in an archive.
struct Workplace {
  std::shared_ptr<test::MemoryFiles> files;
  test::TemporaryDirectory folder{"quantize"};
  std::string target = folder.path() + "/out.gguf";
  QuantizeOptions options;
  std::vector<std::string> warnings;

  explicit Workplace(const ModelConfig& config = small_config(), DataType type = DataType::f32)
      : files(test::tiny_checkpoint("m", config, type)) {
    options.host.files = files;
    options.threads = 1;
    options.host.log = [this](LogLevel level, std::string_view text) {
      if (level == LogLevel::warning) warnings.emplace_back(text);
    };
  }

  void write(WeightMix mix, const std::string& source = "m") {
    quantize(source, target, mix, options);
  }
  std::string refusal(WeightMix mix, const std::string& source = "m") {
    return error_of([&] { write(mix, source); });
  }
  std::string bytes() const { return read_text(*system_files(), target, 1 << 26); }
  std::ptrdiff_t files_there() const {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
  }
  Model source() const {
    LoadOptions load;
    load.host = options.host;
    return Model::load("m", load);
  }
};

std::vector<float> logits_of(const Model& model) {
  Evaluator evaluator(model, {.context = 64, .threads = 1});
  const std::vector<TokenId> ids = {72, 101, 108, 258, 10};
  evaluator.append(evaluator.create_sequence(), ids);
  const std::span<const float> logits = evaluator.logits(0);
  return {logits.begin(), logits.end()};
}

// Changes one element of a safetensors file's last tensor.
void spoil(std::string& file, float value) {
  const std::string bytes = raw(value);
  std::copy(bytes.begin(), bytes.end(), file.end() - 4);
}

}  // namespace

TEST_CASE("api/quantize: in the types of its source a file is the same model, bit for bit") {
  for (const auto& [type, mix] : {std::pair{DataType::f32, WeightMix::f32},
                                  {DataType::f16, WeightMix::f16},
                                  {DataType::bf16, WeightMix::bf16}}) {
    Workplace place(small_config(), type);
    place.write(mix);
    const Model a = place.source();
    const Model b = Model::load(place.target);
    CHECK(b.info().name == "m");
    CHECK(b.info().weight_type == type);
    CHECK(b.info().parameter_count == a.info().parameter_count);
    CHECK(b.info().eos_token_ids == a.info().eos_token_ids);
    CHECK(b.tokenizer().eos_token() == a.tokenizer().eos_token());
    CHECK(b.tokenizer().pad_token() == a.tokenizer().pad_token());
    CHECK(b.tokenizer().vocabulary_size() == a.tokenizer().vocabulary_size());
    CHECK(b.chat_template().source() == a.chat_template().source());
    CHECK(b.default_sampling().temperature == a.default_sampling().temperature);
    CHECK(b.default_sampling().top_p == a.default_sampling().top_p);
    CHECK(b.default_sampling().top_k == a.default_sampling().top_k);
    CHECK(b.default_sampling().repetition_penalty == a.default_sampling().repetition_penalty);
    CHECK(logits_of(a) == logits_of(b));
    CHECK(place.files_there() == 1);
    CHECK(place.warnings.empty());
  }
}

TEST_CASE("api/quantize: matrices are what the encoder makes of them, whatever the threads") {
  Workplace place;
  place.write(WeightMix::q8_0);
  const std::string once = place.bytes();
  place.options.threads = 3;
  place.write(WeightMix::q8_0);
  CHECK(place.bytes() == once);
  const Checkpoint source = open_checkpoint("m", *place.files);
  const Checkpoint written = open_checkpoint(place.target, *system_files());
  for (const StoredTensor& tensor : source.weights->tensors()) {
    CAPTURE(tensor.name);
    const StoredTensor* other = written.weights->find(tensor.name);
    REQUIRE(other != nullptr);
    if (tensor.shape.size() == 1) {
      CHECK(other->type == DataType::f32);
      CHECK(std::ranges::equal(other->data, tensor.data));
      continue;
    }
    CHECK(other->type == DataType::q8_0);
    const std::size_t columns = tensor.shape[1];
    std::vector<float> values(tensor.shape[0] * columns);
    dequantize(DataType::f32, tensor.data.data(), values.size(), values.data());
    std::vector<std::byte> blocks(other->data.size());
    quantize(DataType::q8_0, values.data(), tensor.shape[0], columns, {}, blocks.data());
    CHECK(std::ranges::equal(other->data, blocks));
  }
}

TEST_CASE("api/quantize: rows that are not whole blocks get another type, and a line in the log") {
  ModelConfig config = small_config();
  config.intermediate_size = 72;
  Workplace place(config);
  place.write(WeightMix::q4_k_s);
  const Checkpoint written = open_checkpoint(place.target, *system_files());
  const auto type_of = [&](const char* name) { return written.weights->find(name)->type; };
  CHECK(type_of("model.embed_tokens.weight") == DataType::q5_0);
  CHECK(type_of("lm_head.weight") == DataType::q8_0);
  CHECK(type_of("model.layers.1.self_attn.q_proj.weight") == DataType::q5_0);
  CHECK(type_of("model.layers.1.self_attn.v_proj.weight") == DataType::q5_1);
  CHECK(type_of("model.layers.1.mlp.down_proj.weight") == DataType::f16);
  CHECK(type_of("model.layers.1.self_attn.q_proj.bias") == DataType::f32);
  CHECK(place.warnings ==
        std::vector<std::string>{
            "rows of 72 are not whole blocks of q4_k: f16 instead for 2 matrices",
            "rows of 64 are not whole blocks of q4_k: q5_0 instead for 11 matrices",
            "rows of 64 are not whole blocks of q5_k: q5_1 instead for 2 matrices"});
}

TEST_CASE("api/quantize: the file says what its source said, and nothing else") {
  Workplace place;
  const auto written = [&] {
    place.write(WeightMix::bf16);
    return open_gguf_file(place.target, *system_files());
  };
  std::string& generation = (*place.files)["m/generation_config.json"];
  generation = R"({"eos_token_id":[258,256]})";
  const auto sampling_keys = [&] {
    std::string keys;
    const GgufContent content = written();
    for (const GgufValue& entry : content.file.metadata()) {
      if (entry.key.starts_with("general.sampling."))
        keys += std::string(entry.key.substr(17)) + " ";
    }
    return keys;
  };
  CHECK(sampling_keys().empty());
  generation = R"({"temperature":0.25,"top_k":7,"repetition_penalty":"x"})";
  CHECK(sampling_keys() == "temp top_k ");
  CHECK(written().file.number("general.sampling.temp", 0, 1) == 0.25);  // though none is sampled
  CHECK(Model::load(place.target).default_sampling().temperature == 0.0F);
  // What GGUF has no word for comes along as well.
  generation = R"({"suppress_tokens":[5],"no_repeat_ngram_size":15})";
  CHECK(sampling_keys().empty());
  const SamplingParams params = Model::load(place.target).default_sampling();
  CHECK(params.suppress_tokens == std::vector<TokenId>{5});
  CHECK(params.no_repeat_ngram_size == 15);
}

TEST_CASE("api/quantize: tokens around a text and a template for tools go into the file") {
  Workplace place;
  std::string& tokenizer = (*place.files)["m/tokenizer.json"];
  const std::string none = "\"post_processor\":null";
  if (tokenizer.find(none) == std::string::npos) {
    tokenizer.insert(tokenizer.find('{') + 1, none + ",");
  }
  const std::string text = R"({"Sequence":{"id":"A","type_id":0}})";
  const auto around = [](const char* token, int id) {
    return R"("special_tokens":{"t":{"id":"t","ids":[)" + std::to_string(id) + R"(],"tokens":[")" +
           token + R"("]}})";
  };
  const auto set = [&](const std::string& single, const std::string& tokens) {
    std::string copy = tokenizer;
    copy.replace(copy.find(none), none.size(),
                 R"("post_processor":{"type":"TemplateProcessing","single":[)" + single + "]," +
                     tokens + "}");
    return copy;
  };
  const std::string plain = tokenizer;
  (*place.files)["m/tokenizer_config.json"] =
      R"({"bos_token":"<|endoftext|>","eos_token":"<|im_end|>","chat_template":[)"
      R"({"name":"default","template":"D"},{"name":"tool_use","template":"U"}]})";
  tokenizer =
      set(R"({"SpecialToken":{"id":"t","type_id":0}},)" + text, around("<|endoftext|>", 256));
  place.write(WeightMix::bf16);
  const Model model = Model::load(place.target);
  CHECK(model.tokenizer().encode("a") == std::vector<TokenId>{256, 97});
  CHECK(model.chat_template().source() == "D");
  CHECK(model.chat_template().tool_source() == "U");
  CHECK(model.chat_template().render({{"user", "x"}}, {.tools_json = "[{}]"}).text == "U");
  tokenizer = plain;
  tokenizer =
      set(R"({"SpecialToken":{"id":"t","type_id":0}},)" + text, around("<|im_start|>", 257));
  test::check_error(ErrorCode::not_supported, "puts other tokens around a text than bos_token",
                    [&] { place.write(WeightMix::bf16); });
}

TEST_CASE("api/quantize: from GGUF the metadata stay, but for what describes the tensors") {
  Workplace place;
  (*place.files)["m.gguf"] = test::tiny_gguf(small_config(), DataType::f32)
                                 .put_u32("general.file_type", 0)
                                 .put_u32("general.alignment", 32)
                                 .put_string("general.license", "apache-2.0")
                                 .bytes();
  place.write(WeightMix::q4_0, "m.gguf");
  const GgufContent written = open_gguf_file(place.target, *system_files());
  const GgufFile& file = written.file;
  CHECK(file.string("general.license") == "apache-2.0");
  CHECK(file.string("general.name") == "Крошка");
  CHECK(file.integer("general.file_type", 0, 99) == 2);
  CHECK(file.integer("general.quantization_version", 0, 99) == 2);
  CHECK_FALSE(file.has("general.alignment"));
  const std::vector<std::string_view> tokens = file.strings("tokenizer.ggml.tokens");
  CHECK(tokens.size() == 264);
  CHECK(tokens[258] == "<|im_end|>");
  CHECK(Model::load(place.target).info().weight_type == DataType::q4_0);
}

TEST_CASE("api/quantize: what is quantized is quantized again only where that is allowed") {
  Workplace place;
  place.write(WeightMix::q8_0);
  (*place.files)["q8.gguf"] = place.bytes();
  CHECK(place.refusal(WeightMix::q4_0, "q8.gguf") ==
        "not_supported: q8.gguf: tensor model.embed_tokens.weight: not supported: q8_0 to q4_0, "
        "which loses twice, unless requantizing is allowed");
  // Of its own type it is copied; the metadata are sorted then, and stay so.
  place.write(WeightMix::q8_0, "q8.gguf");
  (*place.files)["copy.gguf"] = place.bytes();
  CHECK(place.bytes().size() == (*place.files)["q8.gguf"].size());
  place.write(WeightMix::q8_0, "copy.gguf");
  CHECK(place.bytes() == (*place.files)["copy.gguf"]);
  place.write(WeightMix::f32, "q8.gguf");
  CHECK(Model::load(place.target).info().weight_type == DataType::f32);
  place.options.allow_requantize = true;
  place.write(WeightMix::q4_0, "q8.gguf");
  CHECK(Model::load(place.target).info().weight_type == DataType::q4_0);
}

TEST_CASE("api/quantize: weights that are not numbers, or too large for f16") {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const std::string where = "m/model.safetensors: tensor lm_head.weight: ";
  const std::string element = " at element " + std::to_string(264 * 64 - 1);
  Workplace place;
  spoil((*place.files)["m/model.safetensors"], -kInfinity);
  CHECK(place.refusal(WeightMix::q4_0) == "corrupt: " + where + "NaN or infinity" + element);
  CHECK(place.refusal(WeightMix::f32) == "corrupt: " + where + "NaN or infinity" + element);
  spoil((*place.files)["m/model.safetensors"], 70000.0F);
  CHECK(place.refusal(WeightMix::f16) ==
        "not_supported: " + where + "not supported: a value beyond f16" + element);
  CHECK(place.files_there() == 0);
  CHECK(place.refusal(WeightMix::bf16) == "nothing");
}

TEST_CASE("api/quantize: after an error or a cancel the old file is there, and no other") {
  Workplace place;
  place.write(WeightMix::q8_0);
  const std::string before = place.bytes();
  int calls = 0;
  place.options.progress = [&calls](float fraction) {
    CHECK(fraction >= 0.0F);
    return ++calls < 4;
  };
  CHECK(place.refusal(WeightMix::f32) == "cancelled: cancelled: writing " + place.target);
  CHECK(calls == 4);
  place.options.progress = {};
  {
    const test::FileSizeLimit limit(before.size() / 2);
    CHECK(place.refusal(WeightMix::q8_0) ==
          "io: " + place.target + ": cannot write: File too large");
  }
  CHECK(place.bytes() == before);
  CHECK(place.files_there() == 1);
  float last = 0;
  place.options.progress = [&last](float fraction) {
    CHECK(fraction >= last);
    last = fraction;
    return true;
  };
  place.write(WeightMix::q8_0);
  CHECK(last == 1.0F);
}

TEST_CASE("api/quantize: an importance matrix must be of the model") {
  Workplace place;
  const auto matrix = [](std::size_t columns) {
    test::GgufBuilder file;
    file.put_string("general.type", "imatrix");
    std::string sums;
    for (std::size_t i = 0; i < columns; ++i) sums += raw(static_cast<float>(i));
    return file.tensor("blk.0.attn_q.weight.in_sum2", {1, columns}, 0, sums)
        .tensor("blk.0.attn_q.weight.counts", {1, 1}, 0, raw(2.0F))
        .bytes();
  };
  (*place.files)["i"] = matrix(32);
  place.options.importance = "i";
  CHECK(place.refusal(WeightMix::q4_0) ==
        "corrupt: i: entry blk.0.attn_q.weight: 32 values for 64 columns");
  (*place.files)["i"] = matrix(64);
  place.write(WeightMix::q4_0);
  const GgufContent written = open_gguf_file(place.target, *system_files());
  CHECK(written.file.string("quantize.imatrix.file") == "i");
  CHECK(written.file.integer("quantize.imatrix.entries_count", 0, 99) == 1);
}

TEST_CASE("api/quantize: what cannot be asked for") {
  Workplace place;
  CHECK(place.refusal(static_cast<WeightMix>(99)) == "invalid_argument: mix: 99 is no WeightMix");
  place.options.threads = 257;
  CHECK(place.refusal(WeightMix::f32) ==
        "invalid_argument: QuantizeOptions::threads is 257; it takes 0 to 256");
  place.options.threads = 1;
  CHECK(place.refusal(WeightMix::f32, "none") == "not_found: none: no such file or directory");
  place.write(WeightMix::f32);
  QuantizeOptions system;
  CHECK(error_of([&] { quantize(place.target, place.target, WeightMix::q8_0, system); }) ==
        "invalid_argument: " + place.target + ": the target is a file of the source");
  ModelConfig windows = small_config();
  (*place.files)["m/config.json"] = test::config_json(windows).insert(
      1, R"("use_sliding_window": true, "sliding_window": 16, "max_window_layers": 1, )");
  CHECK(place.refusal(WeightMix::f32) ==
        "not_supported: m: not supported: a GGUF file of a model with a sliding window");
}

}  // namespace tlite

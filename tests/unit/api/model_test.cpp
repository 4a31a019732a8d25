#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/model.hpp>

namespace tlite {
namespace {

using test::CountingAllocator;
using test::error_of;
using test::MemoryFiles;
using test::tiny_checkpoint;
using test::tiny_config;

Host host_of(std::shared_ptr<MemoryFiles> files) {
  Host host;
  host.files = std::move(files);
  return host;
}

LoadOptions options_of(std::shared_ptr<MemoryFiles> files) {
  LoadOptions options;
  options.host = host_of(std::move(files));
  return options;
}

// The weights file of a checkpoint with one element of one tensor replaced.
std::string with_value(const std::string& tensor, std::size_t element, float value) {
  std::vector<test::TestTensor> tensors = test::random_tensors(tiny_config(), DataType::f32);
  for (test::TestTensor& t : tensors) {
    if (t.name == tensor) std::memcpy(t.bytes.data() + element * 4, &value, 4);
  }
  return test::safetensors_bytes(tensors);
}

}  // namespace

TEST_CASE("api/model: a directory loads with tokenizer, template, defaults and facts") {
  const Model model = Model::load("m", options_of(tiny_checkpoint("m")));
  const ModelInfo& info = model.info();
  CHECK(info.path == "m");
  CHECK(info.name == "m");
  CHECK(info.format == "safetensors");
  CHECK(info.weight_type == DataType::f32);
  CHECK(info.has_chat_template);
  CHECK(info.eos_token_ids == std::vector<TokenId>{258, 256});
  // embeddings and lm_head 2 x 264 x 32, final norm 32; a layer: q and o 32 x 32, k and v 16 x 32,
  // biases 64, gate, up and down 32 x 48, norms 64.
  const std::uint64_t layer = 2 * 32 * 32 + 2 * 16 * 32 + 64 + 3 * 32 * 48 + 64;
  CHECK(info.parameter_count == 2 * 264 * 32 + 32 + 2 * layer);
  CHECK(info.weight_bytes == 4 * info.parameter_count);
  CHECK(model.tokenizer().vocabulary_size() == 259);
  CHECK(model.default_sampling().top_k == 20);
  CHECK(model.chat_template().render({{"user", "да"}}, {.add_generation_prompt = true}).text ==
        "<|im_start|>user\nда<|im_end|>\n<|im_start|>assistant\n");
}

TEST_CASE("api/model: inspect tells what load tells, of every type, tied or not") {
  for (const DataType type : {DataType::f32, DataType::f16, DataType::bf16}) {
    for (const bool tied : {false, true}) {
      ModelConfig config = tiny_config();
      config.tie_word_embeddings = tied;
      const auto files = tiny_checkpoint("m", config, type);
      const ModelInfo info = Model::inspect("m", host_of(files));
      const Model model = Model::load("m", options_of(files));
      CHECK(info.weight_type == type);
      CHECK(info.parameter_count == model.info().parameter_count);
      CHECK(info.weight_bytes == model.info().weight_bytes);
      CHECK(info.has_chat_template == model.info().has_chat_template);
      CHECK(info.eos_token_ids == model.info().eos_token_ids);
    }
  }
}

TEST_CASE("api/model: progress rises from 0 to 1, and false cancels at each step") {
  const auto files = tiny_checkpoint("m");
  std::vector<float> fractions;
  LoadOptions options = options_of(files);
  options.progress = [&](float fraction) {
    fractions.push_back(fraction);
    return true;
  };
  Model::load("m", options);
  REQUIRE(fractions.size() >= 2);
  CHECK(fractions.front() == 0.0F);
  CHECK(fractions.back() == 1.0F);
  CHECK(std::is_sorted(fractions.begin(), fractions.end()));
  for (std::size_t stop = 0; stop < fractions.size(); ++stop) {
    std::size_t calls = 0;
    options.progress = [&](float) { return calls++ < stop; };
    CHECK(error_of([&] { Model::load("m", options); }) == "cancelled: cancelled: loading m");
    CHECK(calls == stop + 1);
  }
}

TEST_CASE("api/model: NaN in a norm is always found, NaN in a matrix when asked for") {
  const auto files = tiny_checkpoint("m");
  std::string& weights = (*files)["m/model.safetensors"];
  LoadOptions options = options_of(files);
  weights = with_value("model.norm.weight", 7, std::nanf(""));
  CHECK(error_of([&] { Model::load("m", options); }).starts_with("corrupt: m/model.safetensors: "));
  weights = with_value("model.layers.0.self_attn.k_proj.bias", 3, INFINITY);
  CHECK(error_of([&] { Model::load("m", options); }).starts_with("corrupt: m/model.safetensors: "));
  weights = with_value("model.layers.1.mlp.up_proj.weight", 1000, -INFINITY);
  CHECK(error_of([&] { Model::load("m", options); }) == "nothing");
  options.check_weights = true;
  CHECK(error_of([&] { Model::load("m", options); }) ==
        "corrupt: m/model.safetensors: tensor model.layers.1.mlp.up_proj.weight: NaN or infinity "
        "at element 1000");
  weights = with_value("none", 0, 0);
  CHECK(error_of([&] { Model::load("m", options); }) == "nothing");
}

TEST_CASE("api/model: a model without a template, and one with a bad one, still load") {
  const auto files = tiny_checkpoint("m");
  (*files)["m/tokenizer_config.json"] = "{}";
  const Model base = Model::load("m", options_of(files));
  CHECK_FALSE(base.info().has_chat_template);
  CHECK(error_of([&] { base.chat_template(); }).starts_with("not_found: "));

  (*files)["m/tokenizer_config.json"] = R"({"chat_template":"{% for %}"})";
  std::string warning;
  LoadOptions options = options_of(files);
  options.host.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) warning = text;
  };
  const Model model = Model::load("m", options);
  CHECK(error_of([&] { model.chat_template(); }) == "bad_template: " + warning);
  CHECK_FALSE(warning.empty());
}

TEST_CASE("api/model: tensors that are not used are logged, more tokens than rows refused") {
  const auto files = tiny_checkpoint("m");
  std::vector<test::TestTensor> tensors = test::random_tensors(tiny_config(), DataType::f32);
  tensors.push_back({"extra.weight", "F32", {1}, "abcd"});
  (*files)["m/model.safetensors"] = test::safetensors_bytes(tensors);
  std::string debug;
  LoadOptions options = options_of(files);
  options.host.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::debug) debug += text;
  };
  Model::load("m", options);
  CHECK(debug == "m/model.safetensors: tensor extra.weight is not used");

  ModelConfig config = tiny_config();
  config.vocab_size = 258;
  CHECK(error_of([&] { Model::load("m", options_of(tiny_checkpoint("m", config))); }) ==
        "corrupt: m: the tokenizer has 259 tokens, the embeddings have 258 rows");
}

TEST_CASE("api/model: data at odd addresses loads and is the same model") {
  for (const DataType type : {DataType::f32, DataType::bf16}) {
    const auto files = tiny_checkpoint("m", tiny_config(), type);
    std::string& weights = (*files)["m/model.safetensors"];
    // One more space behind the header moves all data by a byte.
    std::uint64_t header = 0;
    std::memcpy(&header, weights.data(), 8);
    weights.insert(static_cast<std::size_t>(8 + header), 1, ' ');
    ++header;
    std::memcpy(weights.data(), &header, 8);
    CHECK(error_of([&] { Model::load("m", options_of(files)); }) == "nothing");
  }
}

TEST_CASE("api/model: memory that runs out at any allocation is an error, and nothing is lost") {
  const auto files = tiny_checkpoint("m");
  LoadOptions options = options_of(files);
  auto allocator = std::make_shared<CountingAllocator>();
  options.host.allocator = allocator;
  Model::load("m", options);
  CHECK(allocator->live_bytes() == 0);
  const std::size_t calls = allocator->calls();
  CHECK(calls > 0);
  for (std::size_t i = 0; i < calls; ++i) {
    allocator = std::make_shared<CountingAllocator>();
    allocator->fail_at = i;
    options.host.allocator = allocator;
    CHECK(
        error_of([&] { Model::load("m", options); }).starts_with("out_of_memory: out of memory: "));
    CHECK(allocator->live_bytes() == 0);
  }
}

TEST_CASE("api/model: errors of the files come through load, inspect and plan alike") {
  const auto files = tiny_checkpoint("m");
  files->remove("m/config.json");
  const std::string error = "not_found: m/config.json: not in memory";
  CHECK(error_of([&] { Model::load("m", options_of(files)); }) == error);
  CHECK(error_of([&] { Model::inspect("m", host_of(files)); }) == error);
  CHECK(error_of([&] { Model::plan("m", options_of(files)); }) == error);
  const auto untokenized = tiny_checkpoint("m");
  untokenized->remove("m/tokenizer.json");
  CHECK(error_of([&] { Model::load("m", options_of(untokenized)); }) ==
        "not_found: m/tokenizer.json: not in memory");
}

TEST_CASE("api/model: from disk under a Cyrillic path, and a path that is not there") {
  const test::TemporaryDirectory directory("Модель");
  directory.write(*tiny_checkpoint("m"), "m");
  CHECK(Model::load(directory.path()).info().name == "Модель");
  CHECK(error_of([&] { Model::load(directory.path() + "/нет"); }) ==
        "not_found: " + directory.path() + "/нет: no such file or directory");
}

TEST_CASE("api/model: an empty path is quoted in messages") {
  CHECK(error_of([] { Model::load(""); }) == "not_found: '': no such file or directory");
  CHECK(error_of([] { Tokenizer::load(""); }) ==
        "not_found: '': cannot open: No such file or directory");
  CHECK(error_of([] { ChatTemplate::load(""); }) == "not_found: '': no such directory");
}

}  // namespace tlite

// Model::plan tells to the byte what is asked of the host's allocator, for the options that things
// are then built with.
#include "base/cpu.hpp"
#include "base/file.hpp"
#include "format/gguf_model.hpp"
#include "tensor/blocks.hpp"
#include "tensor/quantize.hpp"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/quantize.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

using test::CountingAllocator;
using test::error_of;
using test::MemoryFiles;

// Rows of 256 and more: whole blocks of every format. Heads of 64, as q8_0 caches take them.
ModelConfig wide_config() {
  ModelConfig config = test::tiny_config();
  config.hidden_size = 256;
  config.intermediate_size = 512;
  config.head_dim = 64;
  return config;
}

// A checkpoint and how it is loaded.
struct Loaded {
  std::string path = "m";
  LoadOptions options;
  std::shared_ptr<CountingAllocator> allocator = std::make_shared<CountingAllocator>();

  Loaded(std::shared_ptr<MemoryFiles> files, std::optional<WeightMix> weights = {}) {
    options.host.files = std::move(files);
    options.host.allocator = allocator;
    options.weights = weights;
  }
};

Loaded directory(DataType type, std::optional<WeightMix> weights = {}) {
  return {test::tiny_checkpoint("m", wide_config(), type), weights};
}

std::shared_ptr<MemoryFiles> gguf(const std::string& bytes) {
  auto files = std::make_shared<MemoryFiles>();
  (*files)["m.gguf"] = bytes;
  return files;
}

// f32 embeddings larger than all matrices, which are q8_0.
Loaded large_embeddings() {
  ModelConfig config = wide_config();
  config.vocab_size = 4096;
  test::GgufBuilder builder = test::tiny_gguf_metadata(config);
  for (const test::TestTensor& tensor : test::random_tensors(config, DataType::f32)) {
    const std::string name = gguf_name(tensor.name);
    if (tensor.shape.size() == 1 || tensor.name == "model.embed_tokens.weight") {
      builder.tensor(name, tensor.shape, 0, tensor.bytes);
      continue;
    }
    std::vector<float> values(tensor.bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    std::string blocks(bytes_of(DataType::q8_0, values.size()), '\0');
    quantize(DataType::q8_0, values.data(), tensor.shape[0], tensor.shape[1], {},
             reinterpret_cast<std::byte*>(blocks.data()));
    builder.tensor(name, tensor.shape, 8, blocks);
  }
  Loaded loaded(gguf(builder.bytes()));
  loaded.path = "m.gguf";
  return loaded;
}

Loaded quantized(WeightMix mix, bool tied) {
  ModelConfig config = wide_config();
  config.tie_word_embeddings = tied;
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("m", config);
  const test::TemporaryDirectory folder("plan");
  quantize("m", folder.path() + "/m.gguf", mix, {.host = options.host});
  Loaded loaded(gguf(read_text(*system_files(), folder.path() + "/m.gguf", 1 << 26)));
  loaded.path = "m.gguf";
  return loaded;
}

std::vector<Loaded> all_kinds() {
  return {directory(DataType::f32),
          directory(DataType::bf16),
          directory(DataType::f16),
          directory(DataType::bf16, WeightMix::bf16),
          directory(DataType::f32, WeightMix::q4_k_m),
          quantized(WeightMix::q4_k_m, false),
          quantized(WeightMix::q8_0, true),
          large_embeddings()};
}

const std::vector<EvaluatorOptions> kEvaluators = {
    {},
    {.context = 100, .max_sequences = 1, .max_batch_rows = 16, .max_logits_rows = 1, .threads = 1},
    {.context = 512, .max_sequences = 3, .max_logits_rows = 512, .threads = 2},
    {.context = 64, .max_batch_rows = 512, .threads = 2, .kv_type = DataType::f32},
    {.context = 96, .threads = 1, .kv_type = DataType::bf16},
    {.context = 96, .threads = 3, .kv_type = DataType::q8_0},
    {.context = 96, .threads = 1, .max_hidden_rows = 33},
};

std::vector<SessionOptions> sessions() {
  return {{},
          {.context = 100, .threads = 1, .max_batch_rows = 16},
          {.context = 2048, .threads = 2, .kv_type = DataType::q8_0}};
}

std::uint64_t built(const MemoryPlan& plan) { return plan.kv_cache + plan.scratch; }

}  // namespace

TEST_CASE("api/plan: what loading, evaluators, sessions and their forks allocate, to the byte") {
  for (const Loaded& loaded : all_kinds()) {
    CAPTURE(loaded.path);
    const Model model = Model::load(loaded.path, loaded.options);
    const std::uint64_t resident = loaded.allocator->live_bytes();
    for (const EvaluatorOptions& options : kEvaluators) {
      const MemoryPlan plan = Model::plan(loaded.path, options, loaded.options);
      CHECK(plan.weights_resident == resident);
      const Evaluator evaluator(model, options);
      CHECK(loaded.allocator->live_bytes() == resident + built(plan));
    }
    for (const SessionOptions& options : sessions()) {
      const MemoryPlan plan = Model::plan(loaded.path, options, loaded.options);
      CHECK(plan.weights_resident == resident);
      Session session(model, options);
      CHECK(loaded.allocator->live_bytes() == resident + built(plan));
      session.complete("ab");
      const Session fork = session.fork();
      CHECK(loaded.allocator->live_bytes() == resident + 2 * built(plan));
    }
  }
}

TEST_CASE("api/plan: without options of either, a session of default options") {
  const Loaded loaded = directory(DataType::bf16);
  const MemoryPlan plan = Model::plan("m", loaded.options);
  CHECK(plan.weights == Model::load("m", loaded.options).info().weight_bytes);
  const Session session(Model::load("m", loaded.options));
  CHECK(plan.weights_resident + built(plan) == loaded.allocator->live_bytes());
  const MemoryPlan many = Model::plan("m", EvaluatorOptions{}, loaded.options);
  // 64 rows of logits in place of one, which takes whole cache lines: 17 of 64 bytes.
  CHECK(many.scratch - plan.scratch == std::uint64_t{64} * 264 * sizeof(float) - 17 * 64);
}

TEST_CASE("api/plan: matrices that no kernel reads where they lie are copied, and counted") {
  const std::vector<test::TestTensor> tensors = test::random_tensors(wide_config(), DataType::f32);
  const auto files = test::tiny_checkpoint("m", wide_config());
  std::string& weights = (*files)["m/model.safetensors"];
  for (std::size_t align = 1; align <= 8; ++align) {
    weights = test::safetensors_bytes(tensors, align);
    for (const CpuTier tier : {CpuTier::scalar, best_cpu_tier()}) {
      ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
      const Loaded loaded(files);
      const Model model = Model::load("m", loaded.options);
      CHECK(Model::plan("m", loaded.options).weights_resident == loaded.allocator->live_bytes());
      ::unsetenv("TLITE_CPU");
    }
  }
}

TEST_CASE("api/plan: options that cannot be built cannot be planned") {
  const Loaded loaded = directory(DataType::f32);
  const Model model = Model::load("m", loaded.options);
  const EvaluatorOptions bad[] = {
      {.context = 0},   {.max_sequences = 0},        {.max_batch_rows = -1}, {.max_logits_rows = 0},
      {.threads = 257}, {.kv_type = DataType::q4_0}, {.max_hidden_rows = -1}};
  for (const EvaluatorOptions& options : bad) {
    const std::string error = error_of([&] { Evaluator(model, options); });
    CHECK(error != "nothing");
    CHECK(error_of([&] { Model::plan("m", options, loaded.options); }) == error);
  }
  CHECK(error_of([&] { Model::plan("m", SessionOptions{.context = 0}, loaded.options); }) ==
        error_of([&] { Session(model, {.context = 0}); }));
  LoadOptions load = loaded.options;
  load.threads = 257;
  const std::string error = error_of([&] { Model::load("m", load); });
  CHECK(error.find("LoadOptions::threads is 257; it takes 0 to 256") != std::string::npos);
  CHECK(error_of([&] { Model::plan("m", load); }) == error);
}

}  // namespace tlite

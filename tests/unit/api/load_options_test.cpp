// LoadOptions::weights and LoadOptions::packed_cache, from the caller's side.
#include "base/buffer.hpp"
#include "tensor/blocks.hpp"
#include "tensor/quantize.hpp"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/file_size_limit.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/quantize.hpp>
#include <tlite/speed.hpp>

namespace tlite {
namespace {

using test::error_of;
using test::TemporaryDirectory;

// Rows of 256 and 512: whole blocks of every format. Some megabytes of packed weights, so that the
// cache has several blocks with checksums.
ModelConfig wide_config() {
  ModelConfig config = test::tiny_config();
  config.hidden_size = 256;
  config.intermediate_size = 5120;
  config.head_dim = 64;
  config.num_hidden_layers = 3;
  return config;
}

std::vector<float> logits_of(const Model& model) {
  Evaluator evaluator(model, {.context = 64, .threads = 2});
  evaluator.append(evaluator.create_sequence(), std::vector<TokenId>{1, 2, 3, 250});
  const std::span<const float> logits = evaluator.logits(0);
  return {logits.begin(), logits.end()};
}

// A checkpoint on the disk, loaded with all that is said about it.
struct Disk {
  TemporaryDirectory folder{"load"};
  std::string model = folder.path() + "/m";
  std::string cache = folder.path() + "/кэш/deep";
  std::vector<std::string> log;
  LoadOptions options;

  explicit Disk(const ModelConfig& config = wide_config()) {
    std::filesystem::create_directory(model);
    write(*test::tiny_checkpoint("m", config));
    options.weights = WeightMix::q4_k_m;
    options.packed_cache = cache;
    options.host.log = [this](LogLevel level, std::string_view text) {
      if (level >= LogLevel::info) log.emplace_back(text);
    };
  }

  void write(const test::MemoryFiles& files) {
    for (const auto& [path, text] : files.all()) {
      std::ofstream(folder.path() + "/" + path, std::ios::binary) << text;
    }
  }

  Model load() {
    log.clear();
    return Model::load(model, options);
  }

  // Whether the last load said something with this in it.
  bool said(std::string_view text) const {
    for (const std::string& line : log) {
      if (line.find(text) != std::string::npos) return true;
    }
    return false;
  }

  std::filesystem::path file() const {
    for (const auto& entry : std::filesystem::directory_iterator(cache)) return entry.path();
    return {};
  }

  std::size_t files() const {
    const std::filesystem::directory_iterator all(cache);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }

  std::string read() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void replace(const std::string& bytes) const { std::ofstream(file(), std::ios::binary) << bytes; }
};

}  // namespace

TEST_CASE("api/load: weights quantized while loading are those that quantize() writes") {
  const auto files = test::tiny_checkpoint("m", wide_config());
  LoadOptions options;
  options.host.files = files;
  const TemporaryDirectory folder("load");
  for (const WeightMix mix :
       {WeightMix::bf16, WeightMix::q8_0, WeightMix::q4_k_m, WeightMix::iq4_nl}) {
    CAPTURE(to_string(mix));
    const std::string target = folder.path() + "/" + std::string(to_string(mix)) + ".gguf";
    quantize("m", target, mix, {.host = options.host});
    const Model written = Model::load(target);
    options.weights = mix;
    const Model loaded = Model::load("m", options);
    CHECK(loaded.info().weight_type == written.info().weight_type);
    // The embedding table stays f32: a row of 256.
    const auto row = [](DataType type) { return bytes_of(type, 256); };
    const DataType table = mix == WeightMix::q4_k_m ? DataType::q4_k : written.info().weight_type;
    CHECK(decode_bytes(loaded) - row(DataType::f32) == decode_bytes(written) - row(table));
    const auto allocator = std::make_shared<test::CountingAllocator>();
    LoadOptions counted = options;
    counted.host.allocator = allocator;
    const Model model = Model::load("m", counted);
    CHECK(Model::plan("m", options).weights_resident == allocator->live_bytes());
  }
}

TEST_CASE("api/load: a quantized model's logits, on the way or from a file") {
  // With an embedding table that q8_0 represents exactly, both are the same model.
  const ModelConfig config = wide_config();
  auto tensors = test::random_tensors(config, DataType::f32);
  for (test::TestTensor& tensor : tensors) {
    if (tensor.name != "model.embed_tokens.weight") continue;
    const std::size_t count = tensor.bytes.size() / sizeof(float);
    std::vector<float> values(count);
    std::vector<std::byte> blocks(bytes_of(DataType::q8_0, count));
    std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
    quantize(DataType::q8_0, values.data(), count / 256, 256, {}, blocks.data());
    dequantize(DataType::q8_0, blocks.data(), count, values.data());
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  }
  const auto files = test::tiny_checkpoint("m", config);
  (*files)["m/model.safetensors"] = test::safetensors_bytes(tensors);
  LoadOptions options;
  options.host.files = files;
  options.weights = WeightMix::q8_0;
  const TemporaryDirectory folder("load");
  quantize("m", folder.path() + "/q8_0.gguf", WeightMix::q8_0, {.host = options.host});
  CHECK(logits_of(Model::load("m", options)) ==
        logits_of(Model::load(folder.path() + "/q8_0.gguf")));
}

TEST_CASE("api/load: as bf16 a bf16 model is packed, and its inputs are rounded") {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("m", wide_config(), DataType::bf16);
  const auto exact = Model::load("m", options);
  options.weights = WeightMix::bf16;
  const auto rounded = Model::load("m", options);
  CHECK(rounded.info().weight_type == DataType::bf16);
  CHECK(decode_bytes(rounded) == decode_bytes(exact));
  CHECK(logits_of(rounded) != logits_of(exact));
  // In memory of its own, as other packed weights, and the rounded inputs too.
  const MemoryPlan without = Model::plan("m", {.host = options.host});
  const MemoryPlan with = Model::plan("m", options);
  CHECK(with.weights < without.weights);
  CHECK(with.weights_resident > without.weights_resident);
  CHECK(with.scratch > without.scratch);
}

TEST_CASE("api/load: weights that cannot be loaded so") {
  const auto files = test::tiny_checkpoint("m", wide_config());
  LoadOptions options;
  options.host.files = files;
  options.weights = WeightMix::f16;
  CHECK(error_of([&] { Model::load("m", options); }) ==
        "not_supported: not supported: loading the weights as f16; matrices that are not "
        "quantized are streamed as stored");
  const TemporaryDirectory folder("load");
  const std::string target = folder.path() + "/q8_0.gguf";
  quantize("m", target, WeightMix::q8_0, {.host = options.host});
  LoadOptions again;
  again.weights = WeightMix::q4_0;
  CHECK(error_of([&] { Model::load(target, again); }) ==
        "invalid_argument: " + target +
            ": the weights are to be loaded as q4_0, but tensor 'model.embed_tokens.weight' is "
            "quantized already, as q8_0");
  CHECK(error_of([&] { Model::plan(target, again); }).starts_with("invalid_argument: "));
}

TEST_CASE("api/packed_cache: a second load maps what the first has packed") {
  Disk disk;
  LoadOptions without = disk.options;
  without.packed_cache.clear();
  const std::vector<float> expected = logits_of(Model::load(disk.model, without));
  CHECK(logits_of(disk.load()) == expected);
  CHECK(disk.said("written"));
  CHECK(disk.files() == 1);
  const auto allocator = std::make_shared<test::CountingAllocator>();
  disk.options.host.allocator = allocator;
  const Model model = disk.load();
  CHECK_FALSE(disk.said("written"));
  CHECK_FALSE(disk.said("anew"));
  CHECK(logits_of(model) == expected);
  // Norms and biases alone are in memory of our own.
  CHECK(Model::plan(disk.model, disk.options).weights_resident == allocator->live_bytes());
  CHECK(allocator->live_bytes() < 100'000);
  disk.options.check_weights = true;
  CHECK(logits_of(disk.load()) == expected);
  CHECK_FALSE(disk.said("anew"));
}

TEST_CASE("api/packed_cache: a file that does not fit is made anew") {
  Disk disk;
  const std::vector<float> expected = logits_of(disk.load());
  const std::string good = disk.read();
  const std::size_t data = std::size_t{2} << 20;  // where the weights begin
  const auto rejected = [&](const std::string& bytes, std::string_view why) {
    disk.replace(bytes);
    const std::vector<float> logits = logits_of(disk.load());
    CHECK(disk.said(why));
    CHECK(disk.said("written"));
    CHECK(logits == expected);
    CHECK(disk.read() == good);
  };
  const auto flipped = [&](std::size_t at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    return bytes;
  };
  rejected("", "is 0 bytes long");
  rejected(good.substr(0, 37), "is 37 bytes long");
  rejected(good.substr(0, good.size() - 1), "bytes long");
  rejected(good + "x", "bytes long");
  for (const std::size_t at : {0U, 8U, 12U, 16U, 56U}) {
    rejected(flipped(at), "is of another model, version or machine");
  }
  rejected(flipped(56 + 16 * 22), "has a damaged header");  // in the first checksum
  rejected(flipped(data + 100), "has damaged weights");
  rejected(flipped(data + (std::size_t{4} << 20) + 4095), "has damaged weights");
  // Beyond the samples only a load that checks the weights sees it.
  disk.options.check_weights = true;
  rejected(flipped(data + (std::size_t{1} << 20)), "has damaged weights");
}

TEST_CASE("api/packed_cache: another model, another mix, and a model that was changed") {
  Disk disk;
  const std::vector<float> first = logits_of(disk.load());
  disk.options.weights = WeightMix::q8_0;
  const std::vector<float> second = logits_of(disk.load());
  CHECK(disk.said("anew"));
  CHECK(first != second);
  CHECK(disk.files() == 1);
  auto files = test::tiny_checkpoint("m", wide_config());
  (*files)["m/model.safetensors"] =
      test::safetensors_bytes(test::random_tensors(wide_config(), DataType::f32, 2));
  disk.write(*files);
  CHECK(logits_of(disk.load()) != second);
  CHECK(disk.said("anew"));
}

TEST_CASE("api/packed_cache: where none can be written the model is loaded all the same") {
  Disk disk;
  const std::vector<float> expected = logits_of(disk.load());
  std::filesystem::remove_all(disk.cache);
  {
    const test::FileSizeLimit full(std::size_t{3} << 20);
    CHECK(logits_of(disk.load()) == expected);
  }
  CHECK(disk.said("the packed cache is not written"));
  CHECK(disk.files() == 0);
  disk.options.packed_cache = disk.model + "/config.json";  // a file
  CHECK(logits_of(disk.load()) == expected);
  CHECK(disk.said("the packed cache is not written"));
  const auto files = test::tiny_checkpoint("m", wide_config());
  disk.options.host.files = files;
  disk.log.clear();
  CHECK(logits_of(Model::load("m", disk.options)) == expected);
  CHECK(disk.said("the packed cache is not used: the files are the host's own"));
}

}  // namespace tlite

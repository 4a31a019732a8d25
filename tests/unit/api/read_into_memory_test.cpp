// LoadOptions::read_into_memory: nothing is mapped, nothing is asked of the files after the load.
#include "format/gguf_model.hpp"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/quantize.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

namespace fs = std::filesystem;
using test::CountingAllocator;
using test::error_of;
using test::TemporaryDirectory;
using test::TestTensor;

// Rows of 256 and more: whole blocks of every format.
ModelConfig wide_config(bool tied = false) {
  ModelConfig config = test::tiny_config();
  config.hidden_size = 256;
  config.intermediate_size = 2560;
  config.head_dim = 64;
  config.tie_word_embeddings = tied;
  return config;
}

void write_file(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

// A model on the disk.
struct Disk {
  TemporaryDirectory folder{"read"};
  std::string path;

  std::vector<fs::path> files() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    return found;
  }
};

using Make = void (*)(Disk&);

void directory(Disk& disk, const ModelConfig& config, DataType type) {
  disk.path = disk.folder.path() + "/m";
  fs::create_directory(disk.path);
  disk.folder.write(*test::tiny_checkpoint("m/m", config, type), "m");
}

void f32(Disk& disk) { directory(disk, wide_config(), DataType::f32); }
// Several rounds of reading.
void large(Disk& disk) {
  ModelConfig config = wide_config();
  config.intermediate_size = 16384;
  directory(disk, config, DataType::f32);
}

void tied_bf16(Disk& disk) { directory(disk, wide_config(true), DataType::bf16); }

void shards(Disk& disk) {
  f32(disk);
  fs::remove(disk.path + "/model.safetensors");
  std::vector<TestTensor> dealt[2];
  std::string map;
  std::size_t i = 0;
  for (const TestTensor& tensor : test::random_tensors(wide_config(), DataType::f32)) {
    map += (i == 0 ? "\"" : ", \"") + tensor.name + "\": \"s" + std::to_string(i % 2) + "\"";
    dealt[i++ % 2].push_back(tensor);
  }
  for (std::size_t shard = 0; shard < 2; ++shard) {
    write_file(disk.path + "/s" + std::to_string(shard), test::safetensors_bytes(dealt[shard], 1));
  }
  write_file(disk.path + "/model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
}

void split_gguf(Disk& disk) {
  constexpr std::size_t kParts = 3;
  test::GgufBuilder files[kParts];
  files[0] = test::tiny_gguf_metadata(wide_config());
  std::size_t i = 0;
  for (const TestTensor& tensor : test::random_tensors(wide_config(), DataType::f32)) {
    files[i++ % kParts].tensor(gguf_name(tensor.name), tensor.shape, 0, tensor.bytes);
  }
  const auto name = [&](std::size_t part) {
    return disk.folder.path() + "/m-0000" + std::to_string(part + 1) + "-of-00003.gguf";
  };
  for (std::size_t part = 0; part < kParts; ++part) {
    files[part].put("split.no", 2, test::raw(static_cast<std::uint16_t>(part)));
    files[part].put("split.count", 2, test::raw(static_cast<std::uint16_t>(kParts)));
    write_file(name(part), files[part].bytes());
  }
  disk.path = name(0);
}

template <WeightMix mix, bool tied>
void quantized(Disk& disk) {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("m", wide_config(tied));
  disk.path = disk.folder.path() + "/m.gguf";
  quantize("m", disk.path, mix, {.host = options.host});
}

struct Form {
  Make make;
  std::optional<WeightMix> weights = {};
};

const std::vector<Form> kForms = {{f32},
                                  {tied_bf16},
                                  {tied_bf16, WeightMix::bf16},
                                  {shards},
                                  {shards, WeightMix::q4_k_m},
                                  {split_gguf},
                                  {quantized<WeightMix::q4_k_m, false>},
                                  {quantized<WeightMix::q8_0, true>}};

std::vector<float> logits_of(const Model& model, std::optional<DataType> kv_type = {}) {
  Evaluator evaluator(model, {.context = 64, .threads = 2, .kv_type = kv_type});
  evaluator.append(evaluator.create_sequence(), std::vector<TokenId>{1, 2, 3, 250});
  const std::span<const float> logits = evaluator.logits(0);
  return {logits.begin(), logits.end()};
}

std::string all_logits(const Model& model) {
  std::string bytes;
  for (const DataType type : {DataType::f32, DataType::bf16, DataType::q8_0}) {
    const std::vector<float> logits = logits_of(model, type);
    bytes.append(reinterpret_cast<const char*>(logits.data()), logits.size() * sizeof(float));
  }
  return bytes;
}

// Files below `folder` that this process has mapped, or open.
std::size_t mapped(const std::string& folder) {
  std::ifstream maps("/proc/self/maps");
  std::size_t count = 0;
  for (std::string line; std::getline(maps, line);) count += line.find(folder) != line.npos;
  return count;
}

std::size_t opened(const std::string& folder) {
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd")) {
    std::error_code error;
    count += fs::read_symlink(entry.path(), error).string().starts_with(folder);
  }
  return count;
}

void spoil(const Disk& disk) {
  const std::vector<fs::path> files = disk.files();
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i % 2 == 0) fs::resize_file(files[i], 10);
    if (i % 2 == 1) write_file(files[i].string(), "another file");
  }
}

}  // namespace

TEST_CASE("api/read_into_memory: a model of files that are cut short goes on as before") {
  for (const Form& form : kForms) {
    Disk disk;
    form.make(disk);
    LoadOptions options;
    options.weights = form.weights;
    const std::string expected = all_logits(Model::load(disk.path, options));
    options.read_into_memory = true;
    const Model model = Model::load(disk.path, options);
    CHECK(mapped(disk.folder.path()) == 0);
    CHECK(opened(disk.folder.path()) == 0);
    spoil(disk);
    CHECK(all_logits(model) == expected);
    Session session(model, {.context = 64});
    CHECK_FALSE(session.complete("ab").tokens.empty());
  }
}

TEST_CASE("api/read_into_memory: mapped, the weights alone are") {
  Disk disk;
  shards(disk);
  const Model model = Model::load(disk.path);
  CHECK(mapped(disk.folder.path()) == 2);
  CHECK(opened(disk.folder.path()) == 0);
}

TEST_CASE("api/read_into_memory: the plan counts it to the byte, and nothing is there twice") {
  for (const Form& form : kForms) {
    Disk disk;
    form.make(disk);
    const auto allocator = std::make_shared<CountingAllocator>();
    LoadOptions options;
    options.weights = form.weights;
    options.host.allocator = allocator;
    const MemoryPlan mapping = Model::plan(disk.path, options);
    options.read_into_memory = true;
    const MemoryPlan plan = Model::plan(disk.path, options);
    CHECK(mapped(disk.folder.path()) == 0);
    const Model model = Model::load(disk.path, options);
    CHECK(plan.weights == 0);
    CHECK(plan.weights_resident == allocator->live_bytes());
    CHECK(plan.weights_resident >= mapping.weights_resident + mapping.weights);
    // Beyond what stays, for each worker 16 rows as f32 and in the other type.
    const std::size_t most =
        form.weights ? std::thread::hardware_concurrency() * (std::size_t{16} * 2560 * 8) : 0;
    CHECK(allocator->peak_bytes() <= allocator->live_bytes() + most);
    const Session session(model, {.context = 64});
    CHECK(Model::plan(disk.path, SessionOptions{.context = 64}, options).total() ==
          allocator->live_bytes());
  }
}

TEST_CASE("api/read_into_memory: progress rises from 0 to 1, and false cancels at each step") {
  std::vector<Form> forms = kForms;
  forms.push_back({large});
  for (const Form& form : forms) {
    Disk disk;
    form.make(disk);
    std::vector<float> fractions;
    LoadOptions options;
    options.weights = form.weights;
    options.read_into_memory = true;
    options.host.allocator = std::make_shared<CountingAllocator>();
    options.progress = [&](float fraction) {
      fractions.push_back(fraction);
      return true;
    };
    Model::load(disk.path, options);
    REQUIRE(fractions.size() >= (form.make == large ? 3 : 2));
    CHECK(fractions.front() == 0.0F);
    CHECK(fractions.back() == 1.0F);
    CHECK(std::is_sorted(fractions.begin(), fractions.end()));
    for (std::size_t stop = 0; stop < std::min<std::size_t>(fractions.size(), 3); ++stop) {
      std::size_t calls = 0;
      options.progress = [&](float) { return calls++ < stop; };
      CHECK(error_of([&] { Model::load(disk.path, options); }).starts_with("cancelled: cancelled"));
      CHECK(calls == stop + 1);
    }
  }
}

TEST_CASE("api/read_into_memory: a file that is cut short while it is read is an error") {
  for (const Form& form : kForms) {
    Disk disk;
    form.make(disk);
    std::string cut;
    LoadOptions options;
    options.weights = form.weights;
    options.read_into_memory = true;
    options.progress = [&](float) {
      if (!cut.empty()) return true;
      for (const fs::path& file : disk.files()) {
        if (fs::file_size(file) < 1'000'000) continue;
        cut = file.string();
        fs::resize_file(file, 100'000);
      }
      return true;
    };
    const std::string error = error_of([&] { Model::load(disk.path, options); });
    CHECK(error.starts_with("corrupt: " + disk.folder.path()));
    CHECK(error.find(": truncated: it had ") != std::string::npos);
    CHECK(error.ends_with(" bytes when it was opened and ends at byte 100000"));
  }
}

TEST_CASE("api/read_into_memory: weights are checked as where they are mapped") {
  for (const auto& weights : {std::optional<WeightMix>(), std::optional(WeightMix::q8_0)}) {
    Disk disk;
    f32(disk);
    std::vector<TestTensor> tensors = test::random_tensors(wide_config(), DataType::f32);
    const float nan = std::nanf("");
    std::memcpy(tensors[9].bytes.data() + 4, &nan, 4);
    write_file(disk.path + "/model.safetensors", test::safetensors_bytes(tensors));
    LoadOptions options;
    options.check_weights = true;
    options.weights = weights;
    const std::string error = error_of([&] { Model::load(disk.path, options); });
    CHECK(error.find(tensors[9].name) != std::string::npos);
    options.read_into_memory = true;
    CHECK(error_of([&] { Model::load(disk.path, options); }) == error);
  }
}

TEST_CASE("api/read_into_memory: the packed cache is read too") {
  Disk disk;
  quantized<WeightMix::q4_k_m, false>(disk);
  std::vector<std::string> log;
  const auto said = [&](std::string_view text) {
    return std::any_of(log.begin(), log.end(),
                       [&](const std::string& line) { return line.find(text) != line.npos; });
  };
  LoadOptions options;
  options.packed_cache = disk.folder.path() + "/cache";
  options.host.log = [&](LogLevel, std::string_view text) { log.emplace_back(text); };
  const std::string expected = all_logits(Model::load(disk.path, options));
  REQUIRE(said("written"));
  log.clear();
  options.read_into_memory = true;
  const auto allocator = std::make_shared<CountingAllocator>();
  options.host.allocator = allocator;
  {
    const Model model = Model::load(disk.path, options);
    CHECK_FALSE(said("written"));
    CHECK_FALSE(said("anew"));
    CHECK(mapped(disk.folder.path()) == 0);
    CHECK(Model::plan(disk.path, options).weights_resident == allocator->live_bytes());
    for (const auto& entry : fs::directory_iterator(options.packed_cache)) {
      fs::resize_file(entry.path(), fs::file_size(entry.path()) - 1);
    }
    CHECK(all_logits(model) == expected);
  }
  const auto load = [&] {
    log.clear();
    return all_logits(Model::load(disk.path, options));
  };
  CHECK(load() == expected);
  CHECK(said("bytes long; it is made anew"));
  CHECK(said("written"));
  for (const auto& entry : fs::directory_iterator(options.packed_cache)) {
    std::fstream file(entry.path(), std::ios::binary | std::ios::in | std::ios::out);
    file.seekp((std::streamoff{2} << 20) + 5);
    file.put('!').put('?');
  }
  CHECK(load() == expected);
  CHECK(said("has damaged weights; it is made anew"));
  CHECK(load() == expected);
  CHECK_FALSE(said("anew"));
  std::size_t calls = 0;  // the first is for the embeddings
  options.progress = [&](float) { return calls++ < 1; };
  CHECK(error_of([&] { Model::load(disk.path, options); }) ==
        "cancelled: cancelled while reading the packed weights");
}

TEST_CASE("api/read_into_memory: files of the host's are used where they are") {
  std::vector<std::string> log;
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("m");
  options.host.log = [&](LogLevel level, std::string_view text) {
    if (level == LogLevel::warning) log.emplace_back(text);
  };
  const MemoryPlan mapping = Model::plan("m", options);
  const std::vector<float> expected = logits_of(Model::load("m", options));
  CHECK(log.empty());
  options.read_into_memory = true;
  CHECK(logits_of(Model::load("m", options)) == expected);
  CHECK(log ==
        std::vector<std::string>{"the files are not read into memory: they are the host's own"});
  CHECK(Model::plan("m", options).weights == mapping.weights);
  CHECK(Model::plan("m", options).weights_resident == mapping.weights_resident);
}

}  // namespace tlite

#include "base/file.hpp"
#include "format/imatrix.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/file_size_limit.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cmath>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/importance.hpp>
#include <tlite/model.hpp>
#include <tlite/quantize.hpp>

namespace tlite {
namespace {

using test::error_of;

// A model in memory and a folder for the file.
struct Workplace {
  std::shared_ptr<test::MemoryFiles> files = test::tiny_checkpoint("m");
  test::TemporaryDirectory folder{"importance"};
  std::string target = folder.path() + "/out.gguf";
  ImportanceOptions options;
  std::vector<TokenId> ids;

  Workplace() {
    options.chunk = 80;  // a batch of 64 rows and one of 16
    options.threads = 1;
    options.dataset = "numbers";
    for (int i = 0; i < 200; ++i) ids.push_back(i * 37 % 259);
  }

  LoadOptions load() const {
    LoadOptions load;
    load.host.files = files;
    return load;
  }
  void measure() { measure_importance(Model::load("m", load()), ids, target, options); }
  std::string refusal() {
    return error_of([&] { measure(); });
  }
  std::string bytes() const { return read_text(*system_files(), target, 1 << 26); }
  std::ptrdiff_t files_there() const {
    return std::distance(std::filesystem::directory_iterator(folder.path()), {});
  }
};

}  // namespace

TEST_CASE("api/importance: whole chunks from empty contexts, the same for any number of threads") {
  Workplace place;
  place.measure();
  const std::string once = place.bytes();
  CHECK(place.files_there() == 1);
  place.options.threads = 3;
  place.ids.resize(160);  // what was left over beside the two chunks
  place.measure();
  CHECK(place.bytes() == once);

  // 2 layers of 7 matrices; the output matrix is not among them.
  const ImportanceMatrix both = ImportanceMatrix::read(place.target, *system_files());
  CHECK(both.size() == 14);
  CHECK(both.find("output.weight").empty());
  CHECK(both.find("blk.1.ffn_down.weight").size() == 48);

  // Two chunks are the mean of each alone: the second does not see the first.
  const auto alone = [&](std::size_t begin) {
    const std::vector<TokenId> all = place.ids;
    place.ids = {all.begin() + static_cast<std::ptrdiff_t>(begin),
                 all.begin() + static_cast<std::ptrdiff_t>(begin) + 80};
    place.measure();
    place.ids = all;
    return ImportanceMatrix::read(place.target, *system_files());
  };
  const ImportanceMatrix first = alone(0);
  const ImportanceMatrix second = alone(80);
  for (const char* name : {"blk.0.attn_q.weight", "blk.1.attn_output.weight"}) {
    const auto mean = both.find(name), a = first.find(name), b = second.find(name);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      // Each of the three is rounded to f32 as a sum and as a mean, and a + b once more.
      CHECK(std::abs(2 * mean[i] - (a[i] + b[i])) <= 4 * 0x1p-24F * (2 * mean[i] + a[i] + b[i]));
      CHECK(a[i] != b[i]);
    }
  }
}

TEST_CASE("api/importance: in both formats it is what quantize() takes") {
  Workplace place;
  place.options.chunk = 64;  // a power of two: the older format's means are not rounded again
  QuantizeOptions quantize_options;
  quantize_options.host.files = place.files;
  const auto quantized = [&](std::string importance) {
    quantize_options.importance = std::move(importance);
    const std::string target = place.folder.path() + "/model.gguf";
    quantize("m", target, WeightMix::q4_0, quantize_options);
    return read_text(*system_files(), target, 1 << 26);
  };
  place.measure();
  (*place.files)["i"] = place.bytes();
  place.options.format = ImportanceFormat::dat;
  place.measure();
  const std::string a = quantized("i");
  (*place.files)["i"] = place.bytes();
  CHECK(a == quantized("i"));
  CHECK(a != quantized(""));
}

TEST_CASE("api/importance: after an error or a cancel the old file is there, and no other") {
  Workplace place;
  place.measure();
  const std::string before = place.bytes();
  int calls = 0;
  place.options.progress = [&calls](float fraction) {
    CHECK(fraction >= 0.0F);
    return ++calls < 40;
  };
  CHECK(place.refusal() == "cancelled: cancelled: measuring importance");
  CHECK(calls == 40);
  place.options.progress = {};
  {
    const test::FileSizeLimit limit(before.size() / 2);
    CHECK(place.refusal() == "io: " + place.target + ": cannot write: File too large");
  }
  CHECK(place.bytes() == before);
  CHECK(place.files_there() == 1);
  float last = 0;
  place.options.progress = [&last](float fraction) {
    CHECK(fraction >= last);
    last = fraction;
    return true;
  };
  place.measure();
  CHECK(last == 1.0F);
}

TEST_CASE("api/importance: a target that cannot be written is refused before the work") {
  Workplace place;
  bool worked = false;
  place.options.progress = [&worked](float) { return worked = true; };
  place.target = place.folder.path() + "/no/out.gguf";
  CHECK(place.refusal() ==
        "not_found: " + place.target + ": cannot write: No such file or directory");
  place.target = place.folder.path();
  CHECK(place.refusal() == "io: " + place.target + ": cannot write: Is a directory");
  place.folder.write(*place.files, "m");
  place.target = place.folder.path() + "/model.safetensors";
  const Model model = Model::load(place.folder.path());
  CHECK(error_of([&] { measure_importance(model, place.ids, place.target, place.options); }) ==
        "invalid_argument: " + place.target + ": the target is a file of the source");
  CHECK_FALSE(worked);
}

TEST_CASE("api/importance: what cannot be asked for") {
  const struct {
    void (*change)(Workplace& place);
    std::string error;
  } cases[] = {
      {[](Workplace& p) { p.ids.resize(79); }, "the text has 79 tokens; a chunk has 80"},
      {[](Workplace& p) { p.ids.clear(); }, "the text has 0 tokens; a chunk has 80"},
      {[](Workplace& p) { p.ids[7] = 264; }, "token 7 of the text is 264; the vocabulary has 264"},
      {[](Workplace& p) { p.ids[199] = -1; },
       "token 199 of the text is -1; the vocabulary has 264"},
      {[](Workplace& p) { p.options.chunk = 0; },
       "ImportanceOptions::chunk is 0; it takes 1 or more"},
      {[](Workplace& p) { p.options.threads = 257; },
       "ImportanceOptions::threads is 257; it takes 0 to 256"},
      {[](Workplace& p) { p.options.format = static_cast<ImportanceFormat>(2); },
       "ImportanceOptions::format: 2 is no ImportanceFormat"},
  };
  for (const auto& one : cases) {
    Workplace place;
    one.change(place);
    CHECK(place.refusal() == "invalid_argument: " + one.error);
    CHECK(place.files_there() == 0);
  }
}

TEST_CASE("api/importance: inputs that are not numbers are named, and so are those too large") {
  using testing::TensorSet;
  Workplace place;
  place.ids.assign(80, 5);
  const auto error_with = [&](void (*change)(TensorSet&)) {
    const Model model = testing::make_model(testing::spec_named("plain"), change);
    return error_of([&] { measure_importance(model, place.ids, place.target, place.options); });
  };
  CHECK(error_with([](TensorSet& tensors) {
          const float nan = std::numeric_limits<float>::quiet_NaN();
          std::memcpy(&tensors.bytes("model.layers.1.mlp.up_proj.weight")[3 * 64 * 4], &nan, 4);
        }) ==
        "corrupt: the sum of the squared inputs of model.layers.1.mlp.down_proj.weight in column "
        "3 is nan: a weight of the model is NaN or infinite, or the model overflows");
  // A norm's weight of 1e20 gives squares of 1e40, beyond f32.
  const std::string large = error_with([](TensorSet& tensors) {
    const float weight = 1e20F;
    std::memcpy(&tensors.bytes("model.layers.0.input_layernorm.weight")[2 * 4], &weight, 4);
  });
  CHECK(
      large.starts_with("corrupt: the sum of the squared inputs of "
                        "model.layers.0.self_attn.q_proj.weight in column 2 is "));
  CHECK(place.files_there() == 0);
}

}  // namespace tlite

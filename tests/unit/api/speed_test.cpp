#include "base/cpu.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cstdlib>
#include <string>
#include <utility>

#include <doctest/doctest.h>

#include <tlite/speed.hpp>

namespace tlite {
namespace {

Model load_tiny(const ModelConfig& config, DataType type) {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("m", config, type);
  return Model::load("m", options);
}

}  // namespace

TEST_CASE("api/speed: decoding reads every weight, but of embeddings of their own one row") {
  for (const auto& [type, size] : {std::pair{DataType::f32, 4U}, std::pair{DataType::bf16, 2U}}) {
    ModelConfig config = test::tiny_config();
    config.tie_word_embeddings = true;
    const Model tied = load_tiny(config, type);
    CHECK(decode_bytes(tied) == tied.info().weight_bytes);
    config.tie_word_embeddings = false;
    const Model untied = load_tiny(config, type);
    const auto row = static_cast<std::uint64_t>(config.hidden_size) * size;
    CHECK(untied.info().weight_bytes == tied.info().weight_bytes + 264 * row);
    CHECK(decode_bytes(untied) == decode_bytes(tied) + row);
  }
}

TEST_CASE("api/speed: the tier is the one that was forced when the model was loaded") {
  for (const CpuTier tier : kCpuTiers) {
    if (!cpu_has(tier)) continue;
    ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
    const Model model = load_tiny(test::tiny_config(), DataType::f32);
    ::unsetenv("TLITE_CPU");
    CHECK(cpu_tier(model) == to_string(tier));
  }
}

}  // namespace tlite

#include "convert/weight_mix.hpp"

#include "tensor/dtype.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

ModelConfig config_7b() {
  ModelConfig config;
  config.hidden_size = 3584;
  config.num_hidden_layers = 28;
  config.num_attention_heads = 28;
  config.num_key_value_heads = 4;
  return config;
}

// Layers whose matrix gets `type`.
std::vector<int> layers_of(WeightMix mix, const std::string& matrix, DataType type,
                           bool has_importance = false) {
  const ModelConfig config = config_7b();
  const WeightMixer mixer(mix, config, has_importance);
  std::vector<int> layers;
  for (int i = 0; i < config.num_hidden_layers; ++i) {
    if (mixer.type_of("model.layers." + std::to_string(i) + "." + matrix) == type) {
      layers.push_back(i);
    }
  }
  return layers;
}

constexpr const char* kQuery = "self_attn.q_proj.weight";
constexpr const char* kValue = "self_attn.v_proj.weight";
constexpr const char* kOutput = "self_attn.o_proj.weight";
constexpr const char* kDown = "mlp.down_proj.weight";

}  // namespace

TEST_CASE("convert/weight_mix: names go to mixes and back, whatever the case") {
  int count = 0;
  for (; to_string(static_cast<WeightMix>(count)) != "unknown"; ++count) {
    const auto mix = static_cast<WeightMix>(count);
    CHECK(parse_weight_mix(to_string(mix)) == mix);
  }
  CHECK(count == 19);
  CHECK(parse_weight_mix("Q4_K_M") == WeightMix::q4_k_m);
  for (const char* name : {"", "q4_k", "q4_k_", "q4_k_mm", "unknown"}) {
    CHECK_FALSE(parse_weight_mix(name));
  }
}

// As the files of Qwen2.5-7B that go around have them.
TEST_CASE("convert/weight_mix: which layers of a 7B model get more bits") {
  const std::vector<int> more = {0, 1, 2, 5, 8, 11, 14, 17, 20, 23, 24, 25, 26, 27};
  for (const char* matrix : {kValue, kDown}) {
    CHECK(layers_of(WeightMix::q4_k_m, matrix, DataType::q6_k) == more);
    CHECK(layers_of(WeightMix::q5_k_m, matrix, DataType::q6_k) == more);
    CHECK(layers_of(WeightMix::q5_k_s, matrix, DataType::q5_k).size() == 28);
  }
  CHECK(layers_of(WeightMix::q4_k_m, kQuery, DataType::q4_k).size() == 28);
  CHECK(layers_of(WeightMix::q4_k_s, kValue, DataType::q5_k) == std::vector<int>{0, 1, 2, 3});
  CHECK(layers_of(WeightMix::q4_k_s, kDown, DataType::q5_k) == std::vector<int>{0, 1, 2});
  CHECK(layers_of(WeightMix::q3_k_m, kDown, DataType::q5_k) == std::vector<int>{0});
  CHECK(layers_of(WeightMix::q3_k_m, kDown, DataType::q4_k).size() == 27);
  CHECK(layers_of(WeightMix::q3_k_m, kValue, DataType::q5_k) == std::vector<int>{0, 1});
  CHECK(layers_of(WeightMix::q3_k_m, kOutput, DataType::q4_k).size() == 28);
  CHECK(layers_of(WeightMix::q3_k_l, kOutput, DataType::q5_k).size() == 28);
  CHECK(layers_of(WeightMix::q2_k, kValue, DataType::q4_k).size() == 28);
  CHECK(layers_of(WeightMix::q2_k, kOutput, DataType::q3_k).size() == 28);
  CHECK(layers_of(WeightMix::iq4_xs, kValue, DataType::q5_k).size() == 28);
  CHECK(layers_of(WeightMix::iq4_xs, kDown, DataType::q5_k) == std::vector<int>{0, 1, 2});
  CHECK(layers_of(WeightMix::iq4_xs, kDown, DataType::q5_k, true).empty());
  CHECK(layers_of(WeightMix::q4_0, kDown, DataType::q4_1, true) == std::vector<int>{0, 1, 2});
  CHECK(layers_of(WeightMix::q4_0, kDown, DataType::q4_0).size() == 28);
}

TEST_CASE("convert/weight_mix: embeddings and output") {
  ModelConfig config = config_7b();
  const auto embedding = [&](WeightMix mix) {
    return WeightMixer(mix, config, false).type_of("model.embed_tokens.weight");
  };
  const auto output = [&](WeightMix mix) {
    return WeightMixer(mix, config, false).type_of("lm_head.weight");
  };
  CHECK(embedding(WeightMix::q4_k_m) == DataType::q4_k);
  CHECK(output(WeightMix::q4_k_m) == DataType::q6_k);
  CHECK(output(WeightMix::q4_0) == DataType::q6_k);
  CHECK(output(WeightMix::q8_0) == DataType::q8_0);
  CHECK(output(WeightMix::bf16) == DataType::bf16);
  config.tie_word_embeddings = true;
  CHECK(embedding(WeightMix::q4_k_m) == DataType::q6_k);
  config.hidden_size = 896;  // no whole blocks of 256
  CHECK(embedding(WeightMix::q4_k_m) == DataType::q8_0);
  CHECK(embedding(WeightMix::q4_0) == DataType::q6_k);
}

TEST_CASE("convert/weight_mix: eight heads that share a value head, in 80 layers") {
  ModelConfig config = config_7b();
  config.num_hidden_layers = 80;
  const auto value = [&](WeightMix mix) {
    return WeightMixer(mix, config, false).type_of("model.layers.40.self_attn.v_proj.weight");
  };
  CHECK(value(WeightMix::q4_k_s) == DataType::q5_k);
  CHECK(value(WeightMix::q3_k_s) == DataType::q5_k);
  CHECK(value(WeightMix::q6_k) == DataType::q6_k);
}

TEST_CASE("convert/weight_mix: rows that are not whole blocks") {
  const struct {
    DataType wanted;
    std::size_t columns;
    DataType given;
  } cases[] = {
      {DataType::q4_k, 3584, DataType::q4_k},   {DataType::q4_k, 896, DataType::q5_0},
      {DataType::q5_k, 896, DataType::q5_1},    {DataType::q6_k, 896, DataType::q8_0},
      {DataType::q3_k, 896, DataType::q4_0},    {DataType::q2_k, 896, DataType::q4_0},
      {DataType::iq4_xs, 64, DataType::iq4_nl}, {DataType::q8_0, 48, DataType::f16},
      {DataType::q4_k, 48, DataType::f16},      {DataType::bf16, 3, DataType::bf16},
  };
  for (const auto& one : cases) {
    CHECK(type_for_rows(one.wanted, one.columns) == one.given);
  }
}

}  // namespace tlite

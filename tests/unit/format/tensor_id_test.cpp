#include "format/tensor_id.hpp"

#include "format/tensor_list.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

ModelConfig config_7b() {
  ModelConfig config;
  config.hidden_size = 3584;
  config.intermediate_size = 18944;
  config.num_hidden_layers = 28;
  config.num_attention_heads = 28;
  config.num_key_value_heads = 4;
  config.head_dim = 128;
  config.vocab_size = 152064;
  return config;
}

}  // namespace

TEST_CASE("format/tensor_id: names are unique and parse back") {
  std::set<std::string> names;
  for (const ExpectedTensor& tensor : expected_tensors(config_7b())) {
    CHECK(tensor.name == hugging_face_name(tensor.id));
    CHECK(parse_hugging_face_name(tensor.name) == tensor.id);
    CHECK(parse_gguf_name(gguf_name(tensor.id)) == tensor.id);
    CHECK(names.insert(tensor.name).second);
    CHECK(names.insert(gguf_name(tensor.id)).second);
  }
  CHECK(names.size() == 2 * (28 * 12 + 3));
  CHECK(hugging_face_name({17, TensorKind::down}) == "model.layers.17.mlp.down_proj.weight");
  CHECK(gguf_name({.kind = TensorKind::lm_head}) == "output.weight");
}

TEST_CASE("format/tensor_id: other names are nobody's") {
  for (const std::string layer : {"", "x", "07", "-1", "+1", " 1", "1 ", "0x1", "2147483648"}) {
    CHECK_FALSE(parse_hugging_face_name("model.layers." + layer + ".mlp.up_proj.weight"));
    CHECK_FALSE(parse_gguf_name("blk." + layer + ".ffn_up.weight"));
  }
  for (const char* name :
       {"", "model.layers.", "model.layers.1", "model.layers.1.", "mlp.up_proj.weight",
        "model.layers.1.mlp.up_proj", "model.layers.1.lm_head.weight", "lm_head.weight.",
        "model.layers.1.model.norm.weight", "blk.1.ffn_up.weight"}) {
    CHECK_FALSE(parse_hugging_face_name(name));
  }
}

TEST_CASE("format/tensor_id: shapes") {
  using Shape = std::vector<std::uint64_t>;
  const ModelConfig config = config_7b();
  CHECK(tensor_shape(TensorKind::embedding, config) == Shape{152064, 3584});
  CHECK(tensor_shape(TensorKind::k, config) == Shape{512, 3584});
  CHECK(tensor_shape(TensorKind::o, config) == Shape{3584, 3584});
  CHECK(tensor_shape(TensorKind::gate, config) == Shape{18944, 3584});
  CHECK(tensor_shape(TensorKind::down, config) == Shape{3584, 18944});
  CHECK(tensor_shape(TensorKind::v_bias, config) == Shape{512});
  CHECK(tensor_shape(TensorKind::final_norm, config) == Shape{3584});
}

}  // namespace tlite

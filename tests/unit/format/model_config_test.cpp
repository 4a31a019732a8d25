#include "format/model_config.hpp"

#include "base/file.hpp"
#include "unit/support/errors.hpp"

#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using simdjson::dom::element;

// Calls `check(config, expected)` for every case of the list `key` in the golden file.
template <class Check>
void for_each_case(const char* key, Check&& check) {
  const std::string path = std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/qwen2_configs.json";
  const JsonFile file(*system_files(), path, 1 << 20);
  std::size_t cases = 0;
  for (const element item : file.fields().raw()[key].get_array()) {
    const std::string text = simdjson::minify(item["config"]);
    CAPTURE(text);
    const JsonFile config(text, "config.json");
    check(config.fields(), JsonFields(item["expected"].get_object(), "expected."));
    ++cases;
  }
  CHECK(cases >= 8);
}

// The smallest configuration without defaults left open, with one field replaced or added.
std::string config_with(const std::string& key, const std::string& value) {
  const std::pair<std::string, std::string> fields[] = {
      {"model_type", "\"qwen2\""},  {"vocab_size", "264"},      {"hidden_size", "32"},
      {"intermediate_size", "48"},  {"num_hidden_layers", "2"}, {"num_attention_heads", "4"},
      {"num_key_value_heads", "2"},
  };
  std::string json = "{";
  bool replaced = false;
  for (const auto& [name, text] : fields) {
    const bool here = name == key;
    replaced = replaced || here;
    if (here && value.empty()) continue;
    json += (json.size() > 1 ? ",\"" : "\"") + name + "\":" + (here ? value : text);
  }
  if (!replaced && !key.empty()) json += ",\"" + key + "\":" + value;
  return json + "}";
}

std::string refusal(const std::string& key, const std::string& value) {
  return test::error_of([&] {
    const JsonFile file(config_with(key, value), "c");
    std::vector<std::string> warnings;
    read_model_config(file.fields(), warnings);
  });
}

}  // namespace

TEST_CASE("format/model_config: config.json means what it means to transformers") {
  for_each_case("configs", [](const JsonFields& fields, const JsonFields& expected) {
    constexpr std::int64_t kMax = 1 << 30;
    std::vector<std::string> warnings;
    const ModelConfig config = read_model_config(fields, warnings);
    const auto same = [&](const char* key, std::int64_t value) {
      CAPTURE(key);
      CHECK(value == expected.integer(key, 0, kMax));
    };
    same("vocab_size", config.vocab_size);
    same("hidden_size", config.hidden_size);
    same("intermediate_size", config.intermediate_size);
    same("num_hidden_layers", config.num_hidden_layers);
    same("num_attention_heads", config.num_attention_heads);
    same("num_key_value_heads", config.num_key_value_heads);
    same("head_dim", config.head_dim);
    same("max_position_embeddings", config.max_position_embeddings);
    CHECK(config.rms_norm_eps == static_cast<float>(expected.number("rms_norm_eps", {0, 1})));
    CHECK(config.rope_theta == expected.number("rope_theta", {0, 1e9}));
    CHECK(config.tie_word_embeddings == expected.boolean("tie_word_embeddings"));
    CHECK(config.yarn.has_value() == expected.boolean("yarn"));
    CHECK(config.rope_linear_factor == expected.number("linear", {0, 100}));
    // The same formula in double on both sides; the logarithm may differ in its last place.
    const double factor = expected.number("attention_factor", {0, 10});
    if (config.yarn) CHECK(config.yarn->attention_factor == doctest::Approx(factor).epsilon(1e-15));
    const std::vector<std::int64_t> windows = expected.integers("windows", 0, kMax);
    for (std::int32_t layer = 0; layer < config.num_hidden_layers; ++layer) {
      const bool slides = config.sliding_window && layer >= config.max_window_layers;
      CHECK((slides ? *config.sliding_window : 0) == windows[static_cast<std::size_t>(layer)]);
    }
  });
}

TEST_CASE("format/model_config: a setting that another one overrides is named in a warning") {
  struct Case {
    std::string key;
    std::string value;
    std::string warning;  // empty: none
  };
  const std::string parameters = R"({"rope_type":"default","rope_theta":5000})";
  const std::string both = parameters + R"(,"rope_scaling":{"type":"linear","factor":2})";
  const std::string rope =
      "c: rope_parameters: not used, because rope_scaling is there too and counts, as in "
      "transformers 5";
  const Case cases[] = {
      {"rope_parameters", parameters, ""},
      {"rope_parameters", both, rope + ", its rope_theta 5000 included"},
      {"rope_parameters", R"({"factor":4},"rope_scaling":{"type":"linear","factor":2})", rope},
      {"rope_parameters", parameters + R"(,"rope_scaling":{})", ""},
      {"layer_types", R"(["full_attention","sliding_attention"])",
       "c: layer_types: sliding windows are off, because use_sliding_window is"},
      {"layer_types", R"(["full_attention","full_attention"])", ""},
  };
  for (const Case& c : cases) {
    CAPTURE(c.value);
    const JsonFile file(config_with(c.key, c.value), "c");
    std::vector<std::string> warnings;
    read_model_config(file.fields(), warnings);
    CHECK(warnings ==
          (c.warning.empty() ? std::vector<std::string>() : std::vector<std::string>{c.warning}));
  }
}

TEST_CASE("format/model_config: what cannot be run is refused by name") {
  struct Case {
    std::string key;
    std::string value;
    std::string error;
  };
  const Case cases[] = {
      {"model_type", "\"llama\"",
       "not_supported: c: model_type: not supported: architecture llama"},
      {"architectures", R"(["Qwen2ForSequenceClassification"])",
       "not_supported: c: architectures: not supported: architecture "
       "Qwen2ForSequenceClassification"},
      {"architectures", "[]",
       "not_supported: c: architectures: not supported: architecture of no name"},
      {"hidden_act", "\"gelu\"", "not_supported: c: hidden_act: not supported: hidden_act gelu"},
      {"quantization_config", R"({"quant_method":"gptq","bits":4})",
       "not_supported: c: quantization_config: not supported: this is a checkpoint quantized by "
       "gptq; give the original one (tlite quantizes it itself) or a GGUF file of it"},
      {"quantization", R"({"group_size":64,"bits":4})",
       "not_supported: c: quantization: not supported: this is a checkpoint quantized by mlx; give "
       "the original one (tlite quantizes it itself) or a GGUF file of it"},
      {"partial_rotary_factor", "0.5",
       "not_supported: c: partial_rotary_factor: not supported: partial_rotary_factor 0.5"},
      {"rope_scaling", R"({"type":"mrope","mrope_section":[1]})",
       "not_supported: c: rope_scaling.type: not supported: rope_scaling mrope"},
      {"rope_scaling", R"({"rope_type":"dynamic","factor":2.0})",
       "not_supported: c: rope_scaling.rope_type: not supported: rope_scaling dynamic"},
      {"rope_scaling", R"({"rope_type":"llama3","factor":2.0})",
       "not_supported: c: rope_scaling.rope_type: not supported: rope_scaling llama3"},
      {"rope_parameters", R"({"rope_type":"longrope"})",
       "not_supported: c: rope_parameters.rope_type: not supported: rope_scaling longrope"},
      {"layer_types", R"(["sliding_attention","full_attention"])",
       "not_supported: c: layer_types: not supported: full attention after sliding windows"},
      {"layer_types", R"(["full_attention","chunked_attention"])",
       "not_supported: c: layer_types: not supported: layer type chunked_attention"},
  };
  CHECK(refusal("", "") == "nothing");
  for (const Case& c : cases) CHECK(refusal(c.key, c.value) == c.error);
}

TEST_CASE("format/model_config: fields that are missing, mistyped or out of range are named") {
  struct Case {
    std::string key;
    std::string value;  // empty: the field is left out
    std::string error;
  };
  const std::string range = " is not in [1, 1048576]";
  const Case cases[] = {
      {"model_type", "", "corrupt: c: model_type is missing"},
      {"model_type", "7", "corrupt: c: model_type: expected a string, found 7"},
      {"architectures", R"([1])", "corrupt: c: architectures: expected strings, found 1"},
      {"vocab_size", "", "corrupt: c: vocab_size is missing"},
      {"vocab_size", "null", "corrupt: c: vocab_size is missing"},
      {"vocab_size", "99999999", "corrupt: c: vocab_size: 99999999 is not in [1, 16777216]"},
      {"hidden_size", "", "corrupt: c: hidden_size is missing"},
      {"hidden_size", "0", "corrupt: c: hidden_size: 0" + range},
      {"hidden_size", "-32", "corrupt: c: hidden_size: -32" + range},
      {"hidden_size", "32.0", "corrupt: c: hidden_size: expected an integer, found 32.0"},
      {"hidden_size", "\"32\"", "corrupt: c: hidden_size: expected an integer, found \"32\""},
      {"hidden_size", "18446744073709551615",
       "corrupt: c: hidden_size: 18446744073709551615" + range},
      {"hidden_size", "[32]", "corrupt: c: hidden_size: expected an integer, found an array"},
      {"num_hidden_layers", "5000", "corrupt: c: num_hidden_layers: 5000 is not in [1, 4096]"},
      {"num_key_value_heads", "", "corrupt: c: num_key_value_heads is missing"},
      {"num_key_value_heads", "3",
       "corrupt: c: num_key_value_heads: 3 does not divide num_attention_heads 4"},
      {"num_attention_heads", "64", "corrupt: c: head_dim: 0 is not an even number above 0"},
      {"head_dim", "7", "corrupt: c: head_dim: 7 is not an even number above 0"},
      {"rms_norm_eps", "-1", "corrupt: c: rms_norm_eps: -1 is not in [0, 1]"},
      {"rms_norm_eps", "true", "corrupt: c: rms_norm_eps: expected a number, found true"},
      {"rope_theta", "1", "corrupt: c: rope_theta: 1 is not in (1, 1e+12]"},
      {"rope_scaling", "4", "corrupt: c: rope_scaling: expected an object, found 4"},
      {"rope_scaling", R"({"type":"linear"})", "corrupt: c: rope_scaling.factor is missing"},
      {"rope_scaling", R"({"type":"linear","factor":0})",
       "corrupt: c: rope_scaling.factor: 0 is not in (0, 65536]"},
      {"rope_scaling", R"({"type":"yarn"})", "corrupt: c: rope_scaling.factor is missing"},
      {"rope_scaling", R"({"type":"yarn","factor":"4"})",
       "corrupt: c: rope_scaling.factor: expected a number, found \"4\""},
      {"rope_scaling", R"({"type":"yarn","factor":0.5})",
       "corrupt: c: rope_scaling.factor: 0.5 is not in [1, 65536]"},
      {"rope_scaling", R"({"type":"yarn","factor":4,"beta_fast":1,"beta_slow":2})",
       "corrupt: c: rope_scaling.beta_fast: 1 is less than beta_slow"},
      {"use_sliding_window", "\"yes\"",
       "corrupt: c: use_sliding_window: expected true or false, found \"yes\""},
      {"layer_types", R"(["full_attention"])", "corrupt: c: layer_types: 1 entries for 2 layers"},
      {"quantization_config", "4", "corrupt: c: quantization_config: expected an object, found 4"},
      {"tie_word_embeddings", "\"" + std::string(31, 'x') + "Щ" + std::string(90, 'y') + "\"",
       "corrupt: c: tie_word_embeddings: expected true or false, found \"" + std::string(31, 'x') +
           "Щ" + std::string(30, 'y') + "..."},
  };
  for (const Case& c : cases) CHECK(refusal(c.key, c.value) == c.error);
}

}  // namespace tlite

#include "format/generation_config.hpp"

#include "base/file.hpp"
#include "format/json_file.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using simdjson::dom::element;
using Strings = std::vector<std::string>;

GenerationConfig read(std::string_view json, Strings& warnings) {
  return read_generation_config(json, "g", warnings);
}

Strings warnings_of(std::string_view json) {
  Strings warnings;
  read(json, warnings);
  return warnings;
}

}  // namespace

TEST_CASE("format/generation_config: it means what it means to transformers") {
  const std::string path = std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/qwen2_configs.json";
  const JsonFile file(*system_files(), path, 1 << 20);
  std::size_t cases = 0;
  for (const element item : file.fields().raw()["generation_configs"].get_array()) {
    const std::string text = simdjson::minify(item["config"]);
    CAPTURE(text);
    const JsonFields expected(item["expected"].get_object(), "expected.");
    Strings warnings;
    const GenerationConfig config = read(text, warnings);
    CHECK(warnings.empty());
    const SamplingParams& params = config.sampling;
    const auto number = [&](const char* key) {
      return static_cast<float>(expected.number(key, {0, 1e6}));
    };
    CHECK(params.temperature == number("temperature"));
    CHECK(params.top_p == number("top_p"));
    CHECK(params.min_p == number("min_p"));
    CHECK(params.repetition_penalty == number("repetition_penalty"));
    CHECK(params.top_k == expected.integer("top_k", 0, 1000));
    CHECK(params.max_new_tokens == expected.integer("max_new_tokens", -1, 10000));
    CHECK(params.min_new_tokens == expected.integer("min_new_tokens", 0, 1000));
    CHECK(params.stop == expected.strings("stop"));
    const std::vector<std::int64_t> eos = expected.integers("eos_token_id", 0, 1 << 20);
    CHECK(config.eos_token_ids == std::vector<TokenId>(eos.begin(), eos.end()));
    ++cases;
  }
  CHECK(cases >= 8);
}

TEST_CASE("format/generation_config: a wrong value is named, its default counts, the rest stays") {
  struct Case {
    std::string field;
    std::string error;
  };
  const Case cases[] = {
      {R"("temperature":-1)", "g: temperature: -1 is not in [0, 1000000]"},
      {R"("temperature":"0.7")", "g: temperature: expected a number, found \"0.7\""},
      {R"("top_p":0)", "g: top_p: 0 is not in (0, 1]"},
      {R"("top_k":1.5)", "g: top_k: expected an integer, found 1.5"},
      {R"("top_k":-1)", "g: top_k: -1 is not in [0, 2147483647]"},
      {R"("min_p":2)", "g: min_p: 2 is not in [0, 1]"},
      {R"("max_new_tokens":0)", "g: max_new_tokens: 0 is not in [1, 2147483647]"},
      {R"("stop_strings":[1])", "g: stop_strings: expected strings, found 1"},
      {R"("eos_token_id":[3,"x"])", "g: eos_token_id: expected an integer, found \"x\""},
      {R"("eos_token_id":-1)", "g: eos_token_id: -1 is not in [0, 2147483647]"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.field);
    Strings warnings;
    const GenerationConfig config =
        read("{\"do_sample\":true," + c.field + ",\"repetition_penalty\":1.25}", warnings);
    CHECK(warnings == Strings{c.error + "; the default counts"});
    CHECK(config.sampling.repetition_penalty == 1.25F);
    CHECK(config.sampling.temperature == 1.0F);
    CHECK(config.sampling.top_k == 50);
    CHECK(config.sampling.top_p == 1.0F);
    CHECK(config.eos_token_ids.empty());
    CHECK(config.named == Strings{"do_sample", "repetition_penalty"});
  }
}

TEST_CASE("format/generation_config: a text that is not quite JSON gives what can be read of it") {
  struct Case {
    std::string json;
    Strings warnings;
    float top_p;
    float penalty;
  };
  const std::string fine = R"({"top_p":0.5,"repetition_penalty":1.25)";
  const Case cases[] = {
      {fine + "}", {}, 0.5F, 1.25F},
      {fine + ",\n}", {"g: line 2: a comma before the closing bracket is no JSON"}, 0.5F, 1.25F},
      {"\xEF\xBB\xBF" + fine + "}", {"g: line 1: a byte order mark is no JSON"}, 0.5F, 1.25F},
      {fine + ",\n\"eos_token_id\":[1,2,],\n\"top_k\":NaN}",
       {"g: line 2: a comma before the closing bracket is no JSON",
        "g: line 3: NaN is no JSON and counts as null"},
       0.5F,
       1.25F},
      {"", {"g: line 1: the file is empty"}, 1.0F, 1.0F},
      {"\n \n", {"g: line 3: the file is empty"}, 1.0F, 1.0F},
      {"[]", {"g: line 1: a JSON object is needed"}, 1.0F, 1.0F},
      {fine,
       {"g: line 1: a comma is missing at the end of the file; what follows is left out"},
       0.5F,
       1.25F},
      {fine + ",\n\"temp",
       {"g: line 2: the end of a string is missing at the end of the file; "
        "what follows is left out"},
       0.5F,
       1.25F},
      {"{\"top_p\":0.5\n\"repetition_penalty\":1.25}",
       {"g: line 2: a comma is needed; what follows is left out"},
       0.5F,
       1.0F},
      {fine + ",\"x\":nul}",
       {"g: line 1: a value is needed; what follows is left out"},
       0.5F,
       1.25F},
      {fine + ",\"x\":[[1,2},3]}",
       {"g: line 1: a comma is needed; what follows is left out"},
       0.5F,
       1.25F},
      {fine + "} more", {"g: line 1: the file goes on behind the object"}, 0.5F, 1.25F},
      {"{\"top_p\":0.5,}}",
       {"g: line 1: a comma before the closing bracket is no JSON",
        "g: line 1: the file goes on behind the object"},
       0.5F,
       1.0F},
  };
  for (const Case& c : cases) {
    CAPTURE(c.json);
    Strings warnings;
    const GenerationConfig config = read(c.json, warnings);
    CHECK(warnings == c.warnings);
    CHECK(config.sampling.top_p == c.top_p);
    CHECK(config.sampling.repetition_penalty == c.penalty);
  }
  // What only a parser finds.
  CHECK(warnings_of("{\"top_p\":0.5.5}").size() == 1);
  CHECK(warnings_of("{" + std::string(5000, '[')).size() == 1);
}

TEST_CASE("format/generation_config: what is not honoured is named with its value") {
  CHECK(
      warnings_of(R"({"num_beams":4,"guidance_scale":1.0,"penalty_alpha":0.6,"num_beam_groups":1,)"
                  R"("constraints":[1],"use_cache":true,"max_time":null})") ==
      Strings{"g: num_beams: 4 is not honoured", "g: penalty_alpha: 0.6 is not honoured",
              "g: constraints: an array is not honoured"});
}

}  // namespace tlite

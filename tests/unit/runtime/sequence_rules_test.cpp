// generation_config.json from the file to the token: tests/golden/sequence_rules.py.
#include "base/file.hpp"
#include "format/generation_config.hpp"
#include "format/json_file.hpp"
#include "sample/sampler_chain.hpp"
#include "unit/sample/random_logits.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using simdjson::dom::element;

std::vector<TokenId> ids_of(element value) {
  std::vector<TokenId> ids;
  for (const element id : value.get_array()) ids.push_back(static_cast<TokenId>(id.get_int64()));
  return ids;
}

// What Generator does about lengths, for a sampler on its own.
SampleStep step_of(const SamplingParams& params, std::size_t prompt, std::size_t output,
                   const std::vector<TokenId>& ends) {
  const auto answered = static_cast<std::int32_t>(output);
  const auto length = static_cast<std::int32_t>(prompt + output);
  const bool early = answered < params.min_new_tokens ||
                     (params.min_new_tokens == 0 && length < params.min_length);
  const bool last = params.max_new_tokens >= 0 ? answered + 1 == params.max_new_tokens
                                               : length + 1 == params.max_length;
  return {.banned = early ? std::span(ends) : std::span<const TokenId>(), .is_last = last};
}

}  // namespace

TEST_CASE("runtime/sequence_rules: fields of generation_config.json act as in transformers") {
  const std::string path = std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/sequence_rules.json";
  const JsonFile file(*system_files(), path, 1 << 20);
  const simdjson::dom::object root = file.fields().raw();
  const auto vocabulary = static_cast<std::size_t>(root["vocabulary"].get_int64());
  const std::vector<TokenId> ends = ids_of(root["end_tokens"]);
  SamplerWorkspace workspace;
  std::size_t cases = 0;
  for (const element item : root["cases"].get_array()) {
    const std::string text = simdjson::minify(item);
    CAPTURE(text);
    std::vector<std::string> warnings;
    const SamplingParams params =
        read_generation_config(simdjson::minify(item["config"]), "g", warnings).sampling;
    CHECK(warnings.empty());
    validate(params, vocabulary);
    const std::vector<TokenId> prompt = ids_of(item["prompt"]);
    const std::vector<TokenId> output = ids_of(item["output"]);
    SamplerChain sampler(params, 0, 0, ends);
    sampler.observe_prompt(prompt);
    for (const TokenId token : output) sampler.observe_output(token);
    const std::vector<float> logits =
        random_logits(std::uint64_t(item["seed"]), vocabulary, double(root["scale"]));
    const SampleStep step = step_of(params, prompt.size(), output.size(), ends);
    const TokenId chosen = sampler.sample(logits, workspace, step).token;
    const std::vector<TokenId> kept = ids_of(item["kept"]);
    ++cases;
    if (params.temperature == 0.0F) {
      CHECK(std::vector<TokenId>{chosen} == kept);
      continue;
    }
    std::vector<TokenId> mine;
    double total = 0;
    const auto tokens = workspace.candidates.tokens();
    const auto weights = workspace.candidates.weights();
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      if (weights[i] > 0) mine.push_back(tokens[i]);
      total += weights[i];
    }
    CHECK(mine == kept);
    for (const element pair : item["shown"].get_array()) {
      const auto at =
          std::find(tokens.begin(), tokens.end(), static_cast<TokenId>(pair.at(0).get_int64())) -
          tokens.begin();
      // Rules work on float32 scores below 128, whose last place is 2^-17: three roundings of half
      // of it at temperature 0.5 move a logit by 2.3e-5 at most.
      const double expected = pair.at(1).get_double();
      CHECK(std::abs(weights[static_cast<std::size_t>(at)] / total - expected) <=
            2 * 2.3e-5 * expected);
    }
  }
  CHECK(cases >= 120);
}

}  // namespace tlite

// Against transformers' processors and warpers and vLLM's penalties: tests/golden/samplers.py.
#include "golden_lines.hpp"
#include "random_logits.hpp"
#include "sample/sampler_chain.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

namespace tlite {

namespace {

using test::fnv;
using test::read_list;

struct GoldenCase {
  std::size_t vocabulary = 0;
  std::uint64_t seed = 0;
  double scale = 0;
  SamplingParams params;
  std::vector<TokenId> prompt, output;
  std::size_t kept = 0;
  std::uint64_t hash = 0;
  std::vector<std::pair<TokenId, double>> probabilities;
};

GoldenCase parse(const std::string& line) {
  std::istringstream in(line);
  GoldenCase test;
  SamplingParams& params = test.params;
  in >> test.vocabulary >> test.seed >> test.scale >> params.temperature >> params.top_k;
  in >> params.top_p >> params.min_p >> params.repetition_penalty >> params.presence_penalty;
  in >> params.frequency_penalty;
  read_list(in, [&] {
    auto& [token, bias] = params.logit_bias.emplace_back();
    in >> token >> bias;
  });
  read_list(in, [&] { in >> test.prompt.emplace_back(); });
  read_list(in, [&] { in >> test.output.emplace_back(); });
  in >> test.kept >> test.hash;
  read_list(in, [&] {
    auto& [token, probability] = test.probabilities.emplace_back();
    in >> token >> probability;
  });
  REQUIRE_MESSAGE(!in.fail(), line);
  return test;
}

}  // namespace

TEST_CASE(
    "sample/sampler_chain: transformers' warpers keep the same sets at the same probabilities") {
  std::ifstream file(TLITE_SOURCE_DIR "/tests/golden/data/samplers.txt");
  REQUIRE(file.is_open());
  SamplerWorkspace workspace;
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line.substr(0, 80));
    ++cases;
    const GoldenCase test = parse(line);
    SamplerChain sampler(test.params, 0);
    sampler.observe_prompt(test.prompt);
    for (const TokenId token : test.output) sampler.observe_output(token);
    const std::vector<float> logits = random_logits(test.seed, test.vocabulary, test.scale);
    const TokenId drawn = sampler.sample(logits, workspace).token;

    const auto tokens = workspace.candidates.tokens();
    const auto weights = workspace.candidates.weights();
    CHECK(tokens.size() == test.kept);
    CHECK(fnv(tokens) == test.hash);
    CHECK(std::binary_search(tokens.begin(), tokens.end(), drawn));
    double total = 0;
    for (const double weight : weights) total += weight;
    for (const auto& [token, probability] : test.probabilities) {
      const auto at = std::lower_bound(tokens.begin(), tokens.end(), token) - tokens.begin();
      // 1e-11: our exp is good to 1e-14 and torch's to 1e-15; for a logit of size 60 at temperature
      // 0.05 the reference subtracts two quotients of size 1,200, each rounded to 2^-43.
      const double mine = weights[static_cast<std::size_t>(at)] / total;
      CHECK(std::abs(mine - probability) <= 1e-11 * probability);
    }
  }
  CHECK(cases == 282);
}

}  // namespace tlite

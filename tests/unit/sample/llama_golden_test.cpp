// Against llama.cpp's samplers: tests/golden/llama_samplers.py.
#include "golden_lines.hpp"
#include "random_logits.hpp"
#include "sample/adaptive_p.hpp"
#include "sample/mirostat.hpp"
#include "sample/sampler_chain.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

namespace tlite {

namespace {

using test::fnv;
using test::read_list;

struct GoldenCase {
  std::string kind;
  std::size_t vocabulary = 0;
  std::uint64_t seed = 0;
  double scale = 0;
  std::vector<float> parameters;
  std::vector<TokenId> tokens;
  std::vector<std::vector<TokenId>> breakers;
  TokenId chosen = -1;
  double share = 0;  // of the chosen
  std::size_t kept = 0;
  std::uint64_t hash = 0;
  std::vector<std::pair<TokenId, double>> probabilities;
};

GoldenCase parse(const std::string& line) {
  std::istringstream in(line);
  GoldenCase test;
  in >> test.kind >> test.vocabulary >> test.seed >> test.scale;
  read_list(in, [&] { in >> test.parameters.emplace_back(); });
  read_list(in, [&] { in >> test.tokens.emplace_back(); });
  read_list(in, [&] {
    auto& breaker = test.breakers.emplace_back();
    read_list(in, [&] { in >> breaker.emplace_back(); });
  });
  in >> test.chosen >> test.share >> test.kept >> test.hash;
  read_list(in, [&] {
    auto& [token, probability] = test.probabilities.emplace_back();
    in >> token >> probability;
  });
  REQUIRE_MESSAGE(!in.fail(), line);
  return test;
}

SamplingParams params_of(const GoldenCase& test) {
  SamplingParams params;
  const std::vector<float>& given = test.parameters;
  if (test.kind == "top_n_sigma") {
    params.top_n_sigma = given[0];
  } else if (test.kind == "xtc") {
    params.xtc_probability = 1.0F;
    params.xtc_threshold = given[0];
  } else if (test.kind == "dynatemp") {
    params.temperature = given[0];
    params.dynatemp_range = given[1];
    params.dynatemp_exponent = given[2];
  } else {
    params.dry_multiplier = given[0];
    params.dry_base = given[1];
    params.dry_allowed_length = static_cast<std::int32_t>(given[2]);
    params.dry_penalty_last_n = static_cast<std::int32_t>(given[3]);
    params.dry_sequence_breakers = test.breakers;
  }
  return params;
}

// llama.cpp computes in float: a logit of up to 25 is off by 2^-20 after one rounding, and the
// logarithm of a probability, after a division by a temperature that comes from an entropy, by some
// roundings, of 2^-24 of it each. 32 of those for each, beside a logarithm of 1.
double tolerance(double probability) { return 0x1p-19 * (1 - std::log(probability)) * probability; }

void check_candidates(const GoldenCase& test, Candidates& candidates, bool same_set) {
  const auto tokens = candidates.tokens();
  if (same_set) {
    CHECK(tokens.size() == test.kept);
    CHECK(fnv(tokens) == test.hash);
  }
  const double total = candidates.total();
  for (const auto& entry : test.probabilities) {
    // Names of their own: CAPTURE is a lambda, and Clang's takes no structured binding.
    const auto token = entry.first;
    const auto probability = entry.second;
    const std::size_t at = candidates.index_of(token);
    REQUIRE(at < tokens.size());
    REQUIRE(tokens[at] == token);
    CAPTURE(token);
    const double mine = candidates.weights()[at] / total;
    CHECK(std::abs(mine - probability) <= tolerance(probability));
  }
}

struct States {
  std::optional<Mirostat> mirostat;
  std::optional<AdaptiveP> adaptive;
};

void check_state(const GoldenCase& test, States& states, Candidates& candidates) {
  const std::vector<float>& given = test.parameters;
  const std::vector<float> logits = random_logits(test.seed, test.vocabulary, test.scale);
  candidates.assign(logits, *std::max_element(logits.begin(), logits.end()), 1.0F);
  const bool begins = test.seed % 100 == 0;
  if (test.kind == "mirostat") {
    if (begins) states.mirostat.emplace(static_cast<int>(given[0]), given[1], given[2]);
    states.mirostat->truncate(candidates, test.vocabulary);
    check_candidates(test, candidates, true);
    states.mirostat->observe(test.share);
  } else {
    if (begins) states.adaptive.emplace(given[0], given[1]);
    std::vector<double> shares;
    states.adaptive->apply(candidates, shares);
    check_candidates(test, candidates, true);
    const double share = shares[candidates.index_of(test.chosen)];
    CHECK(std::abs(share - test.share) <= tolerance(test.share));
    states.adaptive->observe(share);
  }
}

}  // namespace

TEST_CASE("sample/sampler_chain: llama.cpp's samplers keep the same tokens at the same odds") {
  std::ifstream file(TLITE_SOURCE_DIR "/tests/golden/data/llama_samplers.txt");
  REQUIRE(file.is_open());
  SamplerWorkspace workspace;
  States states;
  std::size_t cases = 0;
  for (std::string line; std::getline(file, line);) {
    CAPTURE(line.substr(0, 80));
    ++cases;
    const GoldenCase test = parse(line);
    if (test.kind == "mirostat" || test.kind == "adaptive") {
      check_state(test, states, workspace.candidates);
      continue;
    }
    SamplerChain sampler(params_of(test), 0);
    sampler.observe_prompt(test.tokens);
    sampler.sample(random_logits(test.seed, test.vocabulary, test.scale), workspace);
    // top_n_sigma and DRY drop nothing from the list here, they take the weight.
    if (test.kind == "top_n_sigma") {
      workspace.candidates.retain([](double weight) { return weight > 0; });
    }
    check_candidates(test, workspace.candidates, true);
  }
  CHECK(cases == 373);
}

}  // namespace tlite

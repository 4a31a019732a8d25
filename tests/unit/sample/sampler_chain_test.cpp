#include "sample/sampler_chain.hpp"

#include "random_logits.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include <doctest/doctest.h>

#include <tlite/error.hpp>

namespace tlite {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TokenId pick(const SamplingParams& params, std::span<const float> logits,
             std::span<const TokenId> banned = {}, std::span<const std::uint32_t> mask = {}) {
  SamplerWorkspace workspace;
  return SamplerChain(params, 1).sample(logits, workspace, {.banned = banned, .mask = mask}).token;
}

std::vector<TokenId> kept(const SamplingParams& params, std::span<const float> logits) {
  SamplerWorkspace workspace;
  SamplerChain(params, 1).sample(logits, workspace);
  const auto tokens = workspace.candidates.tokens();
  return {tokens.begin(), tokens.end()};
}

template <class Call>
std::pair<ErrorCode, std::string> error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return {error.code(), error.what()};
  }
  return {ErrorCode::internal, "nothing was thrown"};
}

}  // namespace

TEST_CASE("sample/sampler_chain: greedy takes the lowest of equal ids and ignores the filters") {
  std::vector<float> logits(1000, 0.5F);
  logits[700] = logits[300] = logits[999] = 3.0F;
  SamplingParams params = sampling_preset("greedy");
  params.top_k = 1;
  params.top_p = 0.01F;
  params.min_p = 1.0F;
  CHECK(pick(params, logits) == 300);
}

TEST_CASE("sample/sampler_chain: penalties change a greedy choice") {
  const std::vector<float> logits = {1.0F, 2.0F, 1.9F, -1.0F};
  const std::vector<TokenId> seen = {1};
  struct Row {
    float repetition, presence, frequency;
    TokenId expected;
  };
  for (const Row& row : {Row{1.0F, 0.0F, 0.0F, 1}, Row{1.1F, 0.0F, 0.0F, 2},
                         Row{1.0F, 0.2F, 0.0F, 2}, Row{1.0F, 0.0F, 0.2F, 2}}) {
    SamplingParams params = sampling_preset("greedy");
    params.repetition_penalty = row.repetition;
    params.presence_penalty = row.presence;
    params.frequency_penalty = row.frequency;
    SamplerWorkspace workspace;
    SamplerChain sampler(params, 0);
    sampler.observe_output(1);
    CHECK(sampler.sample(logits, workspace).token == row.expected);
    SamplerChain from_prompt(params, 0);
    from_prompt.observe_prompt(seen);
    const bool over_prompt = row.repetition != 1.0F;  // the others look at the output only
    CHECK(from_prompt.sample(logits, workspace).token == (over_prompt ? row.expected : 1));
  }
}

TEST_CASE("sample/sampler_chain: top_k keeps ties by value") {
  std::vector<float> logits(500, 0.0F);
  for (const std::size_t i : {3U, 77U, 78U, 400U}) logits[i] = 1.0F;
  logits[9] = 2.0F;
  SamplingParams params;
  params.top_k = 3;
  CHECK(kept(params, logits) == std::vector<TokenId>{3, 9, 77, 78, 400});
}

TEST_CASE(
    "sample/sampler_chain: top_p includes the token that crosses it, the lowest id of equals") {
  const std::vector<float> logits = {std::log(0.125F), std::log(0.5F), std::log(0.25F),
                                     std::log(0.125F)};
  struct Row {
    float p;
    std::vector<TokenId> expected;
  };
  for (const Row& row : {Row{0.3F, {1}}, Row{0.6F, {1, 2}}, Row{0.8F, {0, 1, 2}},
                         Row{0.9F, {0, 1, 2, 3}}, Row{1e-30F, {1}}}) {
    SamplingParams params;
    params.top_p = row.p;
    CHECK(kept(params, logits) == row.expected);
  }
}

TEST_CASE("sample/sampler_chain: top_p of equal weights keeps the share it is asked for") {
  const std::vector<float> logits(10000, 1.5F);
  SamplingParams params;
  params.top_p = 0.25F;
  const std::vector<TokenId> tokens = kept(params, logits);
  CHECK(tokens.size() == 2500);
  CHECK(tokens.back() == 2499);
}

TEST_CASE("sample/sampler_chain: a token at minus infinity is never drawn") {
  std::vector<float> logits(64, -kInfinity);
  logits[63] = -1e9F;
  for (const std::int32_t top_k : {0, 1, 64, 1000}) {
    SamplingParams params;
    params.top_k = top_k;
    CHECK(pick(params, logits) == 63);
  }
}

TEST_CASE("sample/sampler_chain: an extreme temperature is still a distribution") {
  const std::vector<float> logits = {1.0F, 3.0F, 2.0F};
  SamplingParams params;
  params.temperature = std::numeric_limits<float>::denorm_min();
  CHECK(pick(params, logits) == 1);
  params.temperature = std::numeric_limits<float>::max();
  params.top_k = 1;
  CHECK(pick(params, logits) == 1);
}

TEST_CASE("sample/sampler_chain: extreme biases and penalties neither overflow nor lose the ban") {
  SamplingParams params;
  params.logit_bias = {{0, 3e38F}, {0, 3e38F}, {1, -kInfinity}};
  params.repetition_penalty = 1e-30F;
  params.frequency_penalty = -3e38F;
  SamplerWorkspace workspace;
  SamplerChain sampler(params, 0);
  for (int i = 0; i < 3; ++i) {
    sampler.observe_output(1);
    sampler.observe_output(0);
  }
  CHECK(sampler.sample(std::vector<float>{1.0F, 5.0F, 2.0F}, workspace).token == 0);
}

TEST_CASE("sample/sampler_chain: of equal sequences in sequence_bias the last counts") {
  SamplingParams params = sampling_preset("greedy");
  params.sequence_bias = {{{1}, 9.0F}, {{2}, 5.0F}, {{1}, -1.0F}, {{0, 3}, 9.0F}, {{0, 3}, 6.0F}};
  const std::vector<float> logits(4, 0.0F);
  CHECK(pick(params, logits) == 2);
  SamplerWorkspace workspace;
  SamplerChain sampler(params, 0);
  sampler.observe_output(0);
  CHECK(sampler.sample(logits, workspace).token == 3);
  CHECK(workspace.scores == std::vector<float>{0.0F, -1.0F, 5.0F, 6.0F});
}

TEST_CASE("sample/sampler_chain: typical_p keeps what sorting by surprise keeps") {
  for (const auto& [count, scale] : {std::pair(50U, 6.0), std::pair(5000U, 20.0),
                                     std::pair(5000U, 1.0), std::pair(20000U, 60.0)}) {
    const std::vector<float> logits = random_logits(count, count, scale);
    double total = 0;
    for (const float logit : logits) total += std::exp(static_cast<double>(logit));
    std::vector<std::pair<double, TokenId>> order;  // distance from the entropy
    double entropy = 0;
    const auto surprise = [&](float logit) { return std::log(total) - static_cast<double>(logit); };
    for (const float logit : logits) entropy += surprise(logit) * std::exp(-surprise(logit));
    for (std::size_t i = 0; i < count; ++i) {
      order.emplace_back(std::abs(surprise(logits[i]) - entropy), static_cast<TokenId>(i));
    }
    std::sort(order.begin(), order.end());
    for (const float mass : {0.01F, 0.2F, 0.5F, 0.9F, 0.999F}) {
      std::vector<TokenId> expected;
      double sum = 0;
      for (const auto& [distance, token] : order) {
        expected.push_back(token);
        sum += std::exp(-surprise(logits[static_cast<std::size_t>(token)]));
        if (sum >= static_cast<double>(mass)) break;
      }
      std::sort(expected.begin(), expected.end());
      SamplingParams params;
      params.typical_p = mass;
      SamplerWorkspace workspace;
      SamplerChain(params, 0).sample(logits, workspace);
      const auto kept = workspace.candidates.tokens();
      CHECK(std::vector<TokenId>(kept.begin(), kept.end()) == expected);
    }
  }
}

TEST_CASE("sample/sampler_chain: nothing but allowed_token_ids comes, biased or not") {
  SamplingParams params = sampling_preset("greedy");
  params.allowed_token_ids = {7, 2, 7};
  params.logit_bias = {{5, 100.0F}, {2, 1.0F}};
  std::vector<float> logits(10, 0.0F);
  CHECK(pick(params, logits) == 2);
  logits[7] = 3.0F;
  CHECK(pick(params, logits) == 7);
}

TEST_CASE("sample/sampler_chain: every sampler draws the same from the middle, but for its state") {
  // Draws of token n use the n-th number, whether or not XTC strikes before.
  const std::vector<float> logits = random_logits(5, 2000, 10.0);
  SamplingParams params;
  params.xtc_probability = 0.5F;
  params.xtc_threshold = 0.01F;
  params.top_n_sigma = 3.0F;
  params.dynatemp_range = 0.5F;
  params.dry_multiplier = 0.8F;
  SamplerWorkspace workspace;
  const auto draw = [&](std::uint64_t drawn, std::span<const TokenId> before, std::size_t count) {
    SamplerChain sampler(params, 42, drawn);
    for (const TokenId token : before) sampler.observe_output(token);
    std::vector<TokenId> tokens;
    while (tokens.size() < count) {
      tokens.push_back(sampler.sample(logits, workspace).token);
      sampler.observe_output(tokens.back());
    }
    return tokens;
  };
  const std::vector<TokenId> all = draw(0, {}, 30);
  const std::span<const TokenId> first(all.data(), 11);
  CHECK(draw(11, first, 19) == std::vector<TokenId>(all.begin() + 11, all.end()));
  params.adaptive_target = 0.3F;
  CHECK(draw(0, {}, 30) == draw(0, {}, 30));
  params.mirostat = 1;
  CHECK(draw(0, {}, 30) == draw(0, {}, 30));
}

TEST_CASE("sample/sampler_chain: extreme values of the samplers of llama.cpp leave a token") {
  const std::vector<float> logits = random_logits(8, 300, 30.0);
  std::vector<float> flat(300, 1.0F);
  std::vector<float> one(300, -kInfinity);
  one[17] = 1.0F;
  constexpr float kLargest = std::numeric_limits<float>::max();
  std::vector<SamplingParams> all(10);
  all[0].top_n_sigma = 1e-30F;
  all[1].xtc_probability = 1.0F;
  all[1].xtc_threshold = 0.0F;
  all[2].dynatemp_range = kLargest;
  all[3].dynatemp_range = 1.0F;
  all[3].dynatemp_exponent = kLargest;
  all[4].mirostat = 1;
  all[4].mirostat_tau = 0.0F;
  all[5].mirostat = 2;
  all[5].mirostat_tau = 0.0F;
  all[6].mirostat = 1;
  all[6].mirostat_tau = all[6].mirostat_eta = kLargest;
  all[7].mirostat = 2;
  all[7].mirostat_tau = all[7].mirostat_eta = kLargest;
  all[8].adaptive_target = 0.0F;
  all[8].adaptive_decay = 0.99F;
  all[9].dry_multiplier = all[9].dry_base = kLargest;
  all[9].dry_allowed_length = 1;
  SamplerWorkspace workspace;
  for (const SamplingParams& params : all) {
    validate(params, 300);
    for (const std::vector<float>& row : {logits, flat, one}) {
      SamplerChain sampler(params, 3);
      for (int i = 0; i < 20; ++i) {
        const TokenId token = sampler.sample(row, workspace).token;
        REQUIRE(token >= 0);
        REQUIRE(token < 300);
        CHECK(row[static_cast<std::size_t>(token)] > -kInfinity);
        sampler.observe_output(token);
      }
    }
  }
}

TEST_CASE("sample/sampler_chain: banned tokens and masks") {
  std::vector<float> logits(100, 0.0F);
  logits[50] = 4.0F;
  logits[98] = 3.0F;
  logits[3] = 2.0F;
  const SamplingParams greedy = sampling_preset("greedy");
  const std::vector<TokenId> banned = {50, 100000};
  CHECK(pick(greedy, logits, banned) == 98);
  std::vector<std::uint32_t> mask(4, 0);
  mask[0] = 1U << 3 | 1U << 4;
  mask[1] = 1U << 18;
  CHECK(pick(greedy, logits, banned, mask) == 3);
  CHECK(pick(greedy, logits, {}, mask) == 50);
  mask.resize(1);  // a mask that ends early allows nothing behind it
  CHECK(pick(greedy, logits, {}, mask) == 3);
}

TEST_CASE("sample/sampler_chain: logits that are not numbers, or none left, are errors") {
  const SamplingParams params;
  std::vector<float> logits(100, 0.0F);
  const std::vector<std::uint32_t> nothing(4, 0);
  const auto [code, text] = error_of([&] { pick(params, logits, {}, nothing); });
  CHECK(code == ErrorCode::invalid_argument);
  CHECK(text ==
        "no token is left to choose: allowed_token_ids, logit_bias, min_new_tokens, suppressed "
        "tokens, "
        "bad words, n-grams and the mask exclude all 100");
  logits[17] = std::nanf("");
  const auto [nan_code, nan_text] = error_of([&] { pick(params, logits); });
  CHECK(nan_code == ErrorCode::corrupt);
  CHECK(nan_text == "the logit of token 17 is NaN: the model's weights are damaged");
  logits[17] = kInfinity;
  CHECK(error_of([&] { pick(params, logits); }).second ==
        "the logit of token 17 is infinite: the model's weights are damaged");
}

TEST_CASE("sample/sampler_chain: the same seed draws the same tokens, also from the middle") {
  const std::vector<float> logits = random_logits(5, 2000, 10.0);
  SamplerWorkspace workspace;
  const auto draw = [&](std::uint64_t seed, std::uint64_t drawn, int count) {
    SamplerChain sampler(SamplingParams{}, seed, drawn);
    std::vector<TokenId> tokens;
    for (int i = 0; i < count; ++i) tokens.push_back(sampler.sample(logits, workspace).token);
    return tokens;
  };
  const std::vector<TokenId> all = draw(42, 0, 20);
  CHECK(draw(42, 0, 20) == all);
  CHECK(draw(42, 8, 12) == std::vector<TokenId>(all.begin() + 8, all.end()));
  CHECK(draw(43, 0, 20) != all);
}

TEST_CASE("sample/sampler_chain: draws follow the distribution") {
  // Chi-square over 24 kept tokens, 200,000 draws of one fixed seed each: 23 degrees of freedom,
  // 49.73 is the 99.9 % point. Three rows: without a filter, top_k, and top_p with min_p.
  const std::vector<float> logits = random_logits(9, 24, 4.0);
  struct Row {
    std::int32_t top_k;
    float top_p, min_p;
  };
  for (const Row& row : {Row{0, 1.0F, 0.0F}, Row{10, 1.0F, 0.0F}, Row{0, 0.9F, 0.05F}}) {
    SamplingParams params;
    params.top_k = row.top_k;
    params.top_p = row.top_p;
    params.min_p = row.min_p;
    SamplerWorkspace workspace;
    SamplerChain sampler(params, 2024);
    constexpr int kDraws = 200000;
    std::map<TokenId, int> seen;
    for (int i = 0; i < kDraws; ++i) ++seen[sampler.sample(logits, workspace).token];
    const auto tokens = workspace.candidates.tokens();
    double total = 0;
    for (const TokenId token : tokens) {
      total += std::exp(static_cast<double>(logits[static_cast<std::size_t>(token)]));
    }
    double chi_square = 0;
    int counted = 0;
    for (const TokenId token : tokens) {
      const double share =
          std::exp(static_cast<double>(logits[static_cast<std::size_t>(token)])) / total;
      const double expected = kDraws * share;
      chi_square += (seen[token] - expected) * (seen[token] - expected) / expected;
      counted += seen[token];
    }
    CHECK(counted == kDraws);
    CHECK(chi_square < 49.73);
  }
}

TEST_CASE("sample/sampler_chain: a draw reaches every block of a large vocabulary evenly") {
  // 16 equal parts of 10,000 equal tokens: 15 degrees of freedom, 37.70 is the 99.9 % point.
  const std::vector<float> logits(10000, 0.0F);
  SamplerWorkspace workspace;
  SamplerChain sampler(SamplingParams{}, 7);
  std::vector<int> seen(16, 0);
  constexpr int kDraws = 8000;
  for (int i = 0; i < kDraws; ++i) {
    ++seen[static_cast<std::size_t>(sampler.sample(logits, workspace).token) / 625];
  }
  double chi_square = 0;
  for (const int count : seen) chi_square += (count - 500.0) * (count - 500.0) / 500.0;
  CHECK(chi_square < 37.70);
}

TEST_CASE("sample/sampler_chain: logprobs are of the raw distribution, with ranks") {
  std::vector<float> logits = random_logits(3, 5000, 12.0);
  logits[10] = logits[20] = 11.9F;
  SamplingParams params;
  params.temperature = 0.2F;
  params.repetition_penalty = 1.5F;
  params.top_k = 20;
  params.logprobs = 5;
  SamplerWorkspace workspace;
  SamplerChain sampler(params, 1);
  for (TokenId token = 0; token < 100; ++token) sampler.observe_output(token);
  const SampledToken sampled = sampler.sample(logits, workspace);

  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit));
  std::vector<TokenId> order(logits.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<TokenId>(i);
  const auto logit_of = [&](TokenId token) { return logits[static_cast<std::size_t>(token)]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](TokenId a, TokenId b) { return logit_of(a) > logit_of(b); });
  const auto check = [&](const TokenLogprob& got, TokenId token) {
    CHECK(got.token == token);
    const double expected = static_cast<double>(logit_of(token)) - std::log(total);
    // The result is rounded to float once; the sum of 5,000 exps adds less than that.
    CHECK(std::abs(static_cast<double>(got.logprob) - expected) <= 0x1.0p-23 * std::abs(expected));
    CHECK(order[static_cast<std::size_t>(got.rank - 1)] == token);
  };
  REQUIRE(sampled.logprob.has_value());
  check(*sampled.logprob, sampled.token);
  REQUIRE(sampled.top_logprobs.size() == 5);
  for (std::size_t i = 0; i < 5; ++i) {
    check(sampled.top_logprobs[i], order[i]);
    CHECK(sampled.top_logprobs[i].rank == static_cast<std::int32_t>(i + 1));
  }
}

TEST_CASE("sample/sampler_chain: logprobs 0 is the chosen token alone, -1 is none, many are all") {
  const std::vector<float> logits = {0.0F, 1.0F, -1.0F};
  SamplerWorkspace workspace;
  for (const std::int32_t count : {-1, 0, 64}) {
    SamplingParams params;
    params.logprobs = count;
    SamplerChain sampler(params, 1);
    const SampledToken sampled = sampler.sample(logits, workspace);
    CHECK(sampled.logprob.has_value() == (count >= 0));
    CHECK(sampled.top_logprobs.size() == (count > 0 ? 3 : 0));
  }
}

}  // namespace tlite

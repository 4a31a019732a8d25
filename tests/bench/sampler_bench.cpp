// Microseconds a token of the sampler at the vocabulary of Qwen2.5, 152,064, of processor time and
// on the tier that TLITE_CPU names. The budget is well below 1 ms: one per cent of a token of a 7B
// model on a desktop CPU.
#include "sample/sampler_chain.hpp"
#include "unit/sample/random_logits.hpp"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <vector>

namespace {

constexpr std::size_t kVocabulary = 152064;
constexpr int kRounds = 301;

// Median over the rounds; each round has logits of its own out of eight.
double microseconds(const tlite::SamplingParams& params,
                    const std::vector<std::vector<float>>& logits) {
  tlite::SamplerWorkspace workspace(tlite::cpu_tier_from_environment());
  tlite::SamplerChain sampler(params, 1);
  std::vector<tlite::TokenId> prompt(2000);
  for (std::size_t i = 0; i < prompt.size(); ++i) prompt[i] = static_cast<tlite::TokenId>(37 * i);
  sampler.observe_prompt(prompt);
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round) {
    const auto& row = logits[static_cast<std::size_t>(round) % logits.size()];
    const std::clock_t start = std::clock();
    sampler.observe_output(sampler.sample(row, workspace).token);
    times.push_back(static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC);
  }
  std::nth_element(times.begin(), times.begin() + kRounds / 2, times.end());
  return times[kRounds / 2];
}

}  // namespace

int main() {
  std::vector<std::vector<float>> peaked, flat;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    peaked.push_back(tlite::random_logits(seed, kVocabulary, 60.0));
    flat.push_back(tlite::random_logits(seed, kVocabulary, 2.0));
  }
  struct Row {
    const char* name;
    tlite::SamplingParams params;
  };
  std::vector<Row> rows(15);
  rows[0].name = "greedy";
  rows[0].params.temperature = 0.0F;
  rows[1].name = "temperature";
  rows[2].name = "model card: 0.7, rep 1.05, k 70, p 0.8";
  rows[2].params.temperature = 0.7F;
  rows[2].params.repetition_penalty = 1.05F;
  rows[2].params.top_k = 70;
  rows[2].params.top_p = 0.8F;
  rows[3].name = "top_k 5000";
  rows[3].params.top_k = 5000;
  rows[4].name = "top_p 0.9";
  rows[4].params.top_p = 0.9F;
  rows[5].name = "min_p 0.05";
  rows[5].params.min_p = 0.05F;
  rows[6].name = "all penalties, top_p 0.9, min_p 0.05";
  rows[6].params = rows[4].params;
  rows[6].params.min_p = 0.05F;
  rows[6].params.repetition_penalty = 1.1F;
  rows[6].params.presence_penalty = rows[6].params.frequency_penalty = 0.5F;
  rows[7].name = "model card with 20 logprobs";
  rows[7].params = rows[2].params;
  rows[7].params.logprobs = 20;
  rows[8].name = "typical_p 0.9";
  rows[8].params.typical_p = 0.9F;
  rows[9].name = "top_n_sigma 1";
  rows[9].params.top_n_sigma = 1.0F;
  rows[10].name = "DRY over 2,000 tokens";
  rows[10].params.dry_multiplier = 0.8F;
  rows[11].name = "dynamic temperature";
  rows[11].params.dynatemp_range = 0.5F;
  rows[12].name = "mirostat 1";
  rows[12].params.mirostat = 1;
  rows[13].name = "mirostat 2";
  rows[13].params.mirostat = 2;
  rows[14].name = "adaptive_p 0.3, min_p 0.05";
  rows[14].params.adaptive_target = 0.3F;
  rows[14].params.min_p = 0.05F;
  std::printf("%-40s %10s %10s\n", "us/token", "peaked", "flat");
  for (const Row& row : rows) {
    std::printf("%-40s %10.1f %10.1f\n", row.name, microseconds(row.params, peaked),
                microseconds(row.params, flat));
  }
  return 0;
}

// engine_soak [--seed N] [--requests N] [--model DIR]: random requests of every kind on engines
// that several threads submit to, work on, poll and disturb, while allocations fail and logits are
// NaN. Whatever is said must be what each request says alone, to the bit; all pages and all memory
// must come back. Meant for the sanitizers. Default: 10,000 requests on the tests' tiny model.
#include "soak/plan.hpp"
#include "soak/round.hpp"
#include "unit/support/counting_allocator.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

using tlite::soak::Report;

struct Options {
  std::uint64_t seed = 1;
  std::size_t requests = 10000;
  std::string model;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--seed") options.seed = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--requests") options.requests = std::strtoull(argv[i + 1], nullptr, 10);
    if (name == "--model") options.model = argv[i + 1];
  }
  return options;
}

void print(const Report& report, std::size_t rounds) {
  std::printf("%zu rounds\n", rounds);
  for (const auto& [what, count] : report.counts) std::printf("%8zu %s\n", count, what.c_str());
  for (const std::string& failure : report.failures) std::printf("FAILED %s\n", failure.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse(argc, argv);
  const auto allocator = std::make_shared<tlite::test::CountingAllocator>();
  Report report;
  std::size_t rounds = 0;
  {
    tlite::LoadOptions load;
    load.host.allocator = allocator;
    const tlite::Model model = options.model.empty() ? tlite::soak::poisoned_model(allocator)
                                                     : tlite::Model::load(options.model, load);
    const std::size_t live = allocator->live_bytes();
    for (std::size_t done = 0; done < options.requests; ++rounds) {
      const std::size_t count = std::min<std::size_t>(options.requests - done, 200);
      run_round(model, options.seed * 100000 + rounds, count, report);
      run_abandoned(model, options.seed * 100000 + rounds, report);
      if (allocator->live_bytes() != live) report.failures.push_back("an engine's memory is left");
      done += count;
    }
  }
  if (allocator->live_bytes() != 0) report.failures.push_back("a model's memory is left");
  print(report, rounds);
  return report.failures.empty() ? EXIT_SUCCESS : EXIT_FAILURE;
}

// Speed of attention to pages, in f32 and in bf16: the queries of a block of rows of a prompt, and
// those of one row.
//
//   attention_bench [--tier avx512] [--head-dim 128] [--group 7] [--pages 128]
//
// GFLOP/s of one thread, in its CPU time, so that other programs disturb it less: the median and
// the best of many runs over all pages, which lie one after the other (8 KB of keys or values in
// bf16).
#include "base/cpu.hpp"
#include "bench/timing.hpp"
#include "kernels/ops.hpp"
#include "tensor/dtype.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace tlite {
namespace {

constexpr std::size_t kPositions = 32;  // of a page

struct Options {
  CpuTier tier = best_cpu_tier();
  std::size_t head_dim = 128;
  std::size_t group = 7;
  std::size_t pages = 128;
};

class Bench {
 public:
  Bench(const Options& options, std::size_t rows)
      : ops_(kernel_ops(options.tier)),
        queries_(rows * options.group),
        head_dim_(options.head_dim),
        pages_(options.pages),
        block_(kPositions * head_dim_),
        q_(queries_ * head_dim_),
        out_(queries_ * head_dim_),
        sum_(queries_),
        max_(queries_),
        stored_(2 * block_ * pages_),
        q_bf16_(q_.size()),
        space_(bf16_attention_space(queries_, head_dim_)) {
    for (std::size_t i = 0; i < q_.size(); ++i) {
      q_[i] = static_cast<float>(i * 37 % 101) / 101.0F - 0.5F;
      q_bf16_[i] = f32_to_bf16(q_[i]);
    }
    for (std::size_t i = 0; i < stored_.size(); ++i) {
      stored_[i] = f32_to_bf16(static_cast<float>(i * 41 % 103) / 103.0F - 0.5F);
    }
  }

  void run(const char* name, bool bf16) {
    std::vector<double> rates;
    for (int i = 0; i < 60; ++i) {
      std::fill(sum_.begin(), sum_.end(), 0.0F);
      std::fill(out_.begin(), out_.end(), 0.0F);
      std::fill(max_.begin(), max_.end(), -std::numeric_limits<float>::infinity());
      const double start = cpu_seconds();
      for (std::size_t page = 0; page < pages_; ++page) attend(page, bf16);
      rates.push_back(4e-9 * static_cast<double>(queries_ * block_ * pages_) /
                      (cpu_seconds() - start));
    }
    std::printf("%4zu queries, %-4s %6.0f GFLOP/s (best %.0f)\n", queries_, name,
                at_share(rates, 0.5), at_share(rates, 0.9));
  }

 private:
  void attend(std::size_t page, bool bf16) {
    const std::uint16_t* keys = &stored_[2 * block_ * page];
    PageAttention task;
    task.state.queries = queries_;
    task.state.head_dim = head_dim_;
    task.begin = 0;
    task.end = kPositions;
    task.state.sum = sum_.data();
    task.state.max = max_.data();
    task.state.out = out_.data();
    if (bf16) {
      task.operands.q_bf16 = q_bf16_.data();
      task.operands.keys_bf16 = keys;
      task.operands.values_bf16 = keys + block_;
      task.operands.space = space_.data();
      ops_.attend_bf16(task);
      return;
    }
    // The bits of bf16, read as f16: small numbers too.
    ops_.widen_f16(reinterpret_cast<const std::byte*>(keys), 2 * block_, space_.data());
    task.operands.q = q_.data();
    task.operands.keys = space_.data();
    task.operands.values = space_.data() + block_;
    ops_.attend(task);
  }

  const KernelOps& ops_;
  std::size_t queries_, head_dim_, pages_, block_;
  std::vector<float> q_, out_, sum_, max_;
  std::vector<std::uint16_t> stored_, q_bf16_;
  std::vector<float> space_;
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: attention_bench [--tier T] [--head-dim N] [--group N] [--pages N]\n"
               "T as in TLITE_CPU\n");
  std::exit(2);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 >= argc) usage();
    const std::string_view name = argv[i];
    const std::string_view value = argv[i + 1];
    const auto number = static_cast<std::size_t>(std::max(1, std::atoi(argv[i + 1])));
    if (name == "--tier") {
      const auto* tier =
          std::ranges::find(kCpuTiers, value, [](CpuTier t) { return to_string(t); });
      if (tier == std::end(kCpuTiers) || !cpu_has(*tier)) usage();
      options.tier = *tier;
    } else if (name == "--head-dim") {
      options.head_dim = (number + 1) / 2 * 2;
    } else if (name == "--group") {
      options.group = number;
    } else if (name == "--pages") {
      options.pages = number;
    } else {
      usage();
    }
  }
  return options;
}

}  // namespace
}  // namespace tlite

int main(int argc, char** argv) {
  const tlite::Options options = tlite::parse(argc, argv);
  std::printf("%s, head_dim %zu\n", std::string(to_string(options.tier)).c_str(), options.head_dim);
  for (const std::size_t rows : {8U, 1U}) {
    tlite::Bench bench(options, rows);
    bench.run("f32", false);
    bench.run("bf16", true);
  }
}

// Speed of a matrix by the number of rows that it is multiplied with, 1 to 64, the weights from
// memory, cut into chunks as the model does it:
//
//   rows_bench [--tier avx512] [--threads N] [--format q4_k]... [--shape OUTxIN]... [--rows
//   FROM-TO]
//              [--rounds N] [--stored]
//
// A line for each number of rows: multiplications and additions a second, in 1e9, and what that is
// of the best that fewer rows reach, which should never be less than 100 %, but for noise. Times
// are CPU time of the thread, of short pieces by turns, and of these the upper quartile of speed.
// With
// --stored matrices of f32, f16 and bf16 are multiplied as files have them.
#include "base/buffer.hpp"
#include "base/cpu.hpp"
#include "bench/pages.hpp"
#include "bench/timing.hpp"
#include "kernels/activations.hpp"
#include "kernels/linear.hpp"
#include "kernels/packed/linear.hpp"
#include "kernels/packed/pack.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace tlite {
namespace {

struct Options {
  CpuTier tier = best_cpu_tier();
  int threads = 1;
  int rounds = 20;
  std::size_t first_rows = 1;
  std::size_t last_rows = 64;
  bool stored = false;
  std::vector<DataType> formats;
  std::vector<std::pair<std::size_t, std::size_t>> shapes;
};

class Sweep {
 public:
  Sweep(const Options& options, DataType type, std::size_t outs, std::size_t ins)
      : options_(options),
        bytes_(options.stored ? outs * ins * size_of(type) : packed_shape(type, outs, ins).bytes()),
        // Far more than the last-level cache.
        copies_(std::max<std::size_t>(kBytes / bytes_, 1)),
        weights_(copies_ * bytes_) {
    for (std::size_t i = 0; i < copies_; ++i) {
      const WeightMatrix matrix{type, outs, ins, {weights_.data + i * bytes_, bytes_}};
      matrices_.push_back(options.stored ? make_linear(matrix, options.tier, nullptr)
                                         : make_packed_linear(matrix, options.tier, matrix.data));
    }
    x_.resize(options.last_rows * ins);
    for (std::size_t i = 0; i < x_.size(); ++i) x_[i] = static_cast<float>(i * 37 % 101) - 50.0F;
    std::printf("\n%s, %zu x %zu\n", std::string(to_string(type)).c_str(), outs, ins);
  }

  void run() {
    const std::size_t counts = options_.last_rows - options_.first_rows + 1;
    rates_.assign(counts,
                  std::vector<std::vector<double>>(static_cast<std::size_t>(options_.threads)));
    std::vector<std::thread> workers;
    std::atomic<int> waiting{options_.threads};
    for (int t = 0; t < options_.threads; ++t) {
      workers.emplace_back([&, t] {
        --waiting;
        while (waiting > 0) std::this_thread::yield();
        measure(static_cast<std::size_t>(t));
      });
    }
    for (std::thread& worker : workers) worker.join();
    double best = 0;
    for (std::size_t i = 0; i < counts; ++i) {
      double rate = 0;
      for (const std::vector<double>& of_thread : rates_[i]) rate += at_share(of_thread, 0.75);
      std::printf("%3zu %7.1f", options_.first_rows + i, rate);
      std::printf(best > 0 ? " %6.1f %%\n" : "\n", 100 * rate / best);
      best = std::max(best, rate);
    }
    std::fflush(stdout);
  }

 private:
  static constexpr std::size_t kBytes = std::size_t{192} << 20;
  static constexpr std::size_t kPieceBytes = std::size_t{3} << 20;

  void measure(std::size_t thread) {
    const Linear& matrix = *matrices_[0];
    const ActivationFormat format = matrix.activation_format();
    std::vector<float> y(options_.last_rows * matrix.out_features());
    Buffer scratch(matrix.scratch_bytes(), "scratch", nullptr);
    Buffer prepared(options_.last_rows * activation_row_bytes(format, matrix.in_features()),
                    "inputs", nullptr);
    // Threads begin at different places.
    std::size_t chunk = 0;
    std::size_t copy = thread * copies_ / static_cast<std::size_t>(options_.threads);
    for (int round = 0; round < options_.rounds; ++round) {
      for (std::size_t rows = options_.first_rows; rows <= options_.last_rows; ++rows) {
        Activations x{.f32 = x_.data(), .rows = rows, .stride = matrix.in_features()};
        prepare_activations(format, matrix.activation_order(), x, matrix.in_features(), 0, rows,
                            prepared.data());
        x.prepared = prepared.data();
        const std::size_t chunks = matrix.chunks(rows);
        const std::size_t piece = std::min(chunks, kPieceBytes * chunks / bytes_ + 1);
        if (chunk + piece > chunks) {
          chunk = 0;
          copy = (copy + 1) % copies_;
        }
        // The kernel has asked for what follows the piece before: that chunk is left out.
        const double start = cpu_seconds();
        for (std::size_t i = 0; i < piece; ++i) {
          matrices_[copy]->run(chunk + i, x, y.data(), matrix.out_features(),
                               scratch.as<std::byte>());
        }
        const double seconds = cpu_seconds() - start;
        chunk += piece + 1;
        const double share = static_cast<double>(piece) / static_cast<double>(chunks);
        rates_[rows - options_.first_rows][thread].push_back(
            2e-9 * share * static_cast<double>(matrix.out_features()) *
            static_cast<double>(matrix.in_features() * rows) / seconds);
      }
    }
  }

  const Options& options_;
  std::size_t bytes_;  // of a matrix
  std::size_t copies_;
  Pages weights_;
  std::vector<std::unique_ptr<Linear>> matrices_;
  std::vector<float> x_;
  std::vector<std::vector<std::vector<double>>> rates_;  // [rows][thread][round]
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: rows_bench [--tier T] [--threads N] [--rounds N] [--rows FROM-TO] "
               "[--format F]... [--shape OUTxIN]... [--stored]\nT as in TLITE_CPU\n");
  std::exit(2);
}

template <class Enum>
std::string_view to_string_view(Enum value) {
  return to_string(value);
}

void set(Options& options, const std::string& name, const std::string& value) {
  const std::size_t cross = value.find('x');
  const std::size_t dash = value.find('-');
  if (name == "--threads") {
    options.threads = std::max(1, std::atoi(value.c_str()));
  } else if (name == "--rounds") {
    options.rounds = std::max(1, std::atoi(value.c_str()));
  } else if (name == "--rows" && dash != std::string::npos) {
    options.first_rows = std::max<std::size_t>(1, std::stoul(value));
    options.last_rows =
        std::max(options.first_rows, std::size_t{std::stoul(value.substr(dash + 1))});
  } else if (name == "--tier") {
    const auto* tier = std::ranges::find(kCpuTiers, value, to_string_view<CpuTier>);
    if (tier == std::end(kCpuTiers) || !cpu_has(*tier)) usage();
    options.tier = *tier;
  } else if (name == "--format") {
    const auto* type = std::ranges::find(kDataTypes, value, to_string_view<DataType>);
    if (type == std::end(kDataTypes)) usage();
    options.formats.push_back(*type);
  } else if (name == "--shape" && cross != std::string::npos) {
    options.shapes.emplace_back(std::stoul(value), std::stoul(value.substr(cross + 1)));
  } else {
    usage();
  }
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--stored") {
      options.stored = true;
    } else if (i + 1 < argc) {
      set(options, name, argv[++i]);
    } else {
      usage();
    }
  }
  const auto fits = [&](DataType type) {
    return options.stored ? !is_quantized(type) : is_packed(type);
  };
  if (options.formats.empty()) {
    std::ranges::copy_if(kDataTypes, std::back_inserter(options.formats), fits);
  }
  if (!std::ranges::all_of(options.formats, fits)) usage();
  if (options.shapes.empty()) options.shapes = {{3584, 3584}};
  return options;
}

}  // namespace
}  // namespace tlite

int main(int argc, char** argv) {
  const tlite::Options options = tlite::parse(argc, argv);
  std::printf("%s, %d thread(s); rows, GOP/s, of the best of fewer rows\n",
              std::string(to_string(options.tier)).c_str(), options.threads);
  for (const tlite::DataType type : options.formats) {
    for (const auto& [outs, ins] : options.shapes) tlite::Sweep(options, type, outs, ins).run();
  }
}

// Speed of the packed kernels beside the limits of the machine, measured in the same process:
//
//   kernel_bench [--tier avx512] [--threads N] [--format q4_k]... [--shape OUTxIN]... [--rows N]
//
// Prefill (512 rows) in GOP/s and as a share of the peak of the tier's multiply-add instruction,
// decode (1 to 8 rows) in GB/s of packed weights and as a share of plain reads. Times are CPU time
// of the thread, so other programs disturb them less; medians and best of many short runs.
#include "base/buffer.hpp"
#include "base/cpu.hpp"
#include "bench/pages.hpp"
#include "bench/timing.hpp"
#include "kernels/activations.hpp"
#include "kernels/packed/linear.hpp"
#include "kernels/packed/pack.hpp"

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tlite {
namespace {

struct Speed {
  double median = 0;
  double best = 0;  // the 90th percentile
};

Speed operator+(Speed a, Speed b) { return {a.median + b.median, a.best + b.best}; }

Speed speed_of(const std::vector<double>& rates) {
  return {at_share(rates, 0.5), at_share(rates, 0.9)};
}

#if defined(__x86_64__)
#define TLITE_EIGHT(statement)                                                               \
  statement(0) statement(1) statement(2) statement(3) statement(4) statement(5) statement(6) \
      statement(7)

// 8-bit multiplies and adds a second, in 1e9.
__attribute__((target("avx512f,avx512vnni"))) double vnni_rate() {
  __m512i sum[8] = {};
  const double start = cpu_seconds();
  for (int i = 0; i < 20000; ++i) {
#define TLITE_ADD(n) asm volatile("vpdpbusd %0, %0, %0" : "+v"(sum[n]));
    TLITE_EIGHT(TLITE_ADD)
#undef TLITE_ADD
  }
  return 20000 * 8 * 128 / (cpu_seconds() - start) / 1e9;
}

// Four sums, each of 16 x 16 outputs and 64 of k. (The first bytes of the shape of the registers.)
__attribute__((target("amx-tile,amx-int8"))) double amx_rate() {
  alignas(64) const std::uint8_t shape[64] = {
      1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 64, 0, 64, 0, 64, 0,  64, 0,  64, 0,  64,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  0, 0,  0, 0,  16, 16, 16, 16, 16, 16};
  asm volatile("ldtilecfg %0" ::"m"(shape));
  const double start = cpu_seconds();
  for (int i = 0; i < 20000; ++i) {
    asm volatile(
        "tdpbssd %tmm4, %tmm5, %tmm0; tdpbssd %tmm4, %tmm5, %tmm1;"
        "tdpbssd %tmm4, %tmm5, %tmm2; tdpbssd %tmm4, %tmm5, %tmm3");
  }
  const double seconds = cpu_seconds() - start;
  asm volatile("tilerelease");
  return 20000.0 * 4 * 2 * 16 * 16 * 64 / seconds / 1e9;
}

__attribute__((target("avx2"))) double avx2_rate() {
  __m256i sum[8] = {};
  const double start = cpu_seconds();
  for (int i = 0; i < 20000; ++i) {
#define TLITE_ADD(n) asm volatile("vpmaddubsw %0, %0, %0" : "+x"(sum[n]));
    TLITE_EIGHT(TLITE_ADD)
#undef TLITE_ADD
  }
  return 20000 * 8 * 64 / (cpu_seconds() - start) / 1e9;
}

double peak_rate(CpuTier tier) {
  if (tier == CpuTier::avx512) return vnni_rate();
  if (tier == CpuTier::amx) return amx_rate();
  if (tier == CpuTier::avx2) return avx2_rate();
  return 0;
}
#else
double peak_rate(CpuTier) { return 0; }
#endif

// Reads everything once and nothing else, in the widest vectors of the machine.
#if defined(__x86_64__)
__attribute__((target("avx512f"))) void read_avx512(const std::byte* data, std::size_t bytes) {
  __m512i a = _mm512_setzero_si512();
  __m512i b = a;
  for (std::size_t i = 0; i + 256 <= bytes; i += 256) {
    a = _mm512_or_si512(a, _mm512_loadu_si512(data + i));
    b = _mm512_or_si512(b, _mm512_loadu_si512(data + i + 64));
    a = _mm512_or_si512(a, _mm512_loadu_si512(data + i + 128));
    b = _mm512_or_si512(b, _mm512_loadu_si512(data + i + 192));
  }
  asm volatile("" ::"v"(a), "v"(b));
}

__attribute__((target("avx2"))) void read_avx2(const std::byte* data, std::size_t bytes) {
  __m256i a = _mm256_setzero_si256();
  __m256i b = a;
  for (std::size_t i = 0; i + 128 <= bytes; i += 128) {
    const auto* from = reinterpret_cast<const __m256i*>(data + i);
    a = _mm256_or_si256(a, _mm256_loadu_si256(from));
    b = _mm256_or_si256(b, _mm256_loadu_si256(from + 1));
    a = _mm256_or_si256(a, _mm256_loadu_si256(from + 2));
    b = _mm256_or_si256(b, _mm256_loadu_si256(from + 3));
  }
  asm volatile("" ::"x"(a), "x"(b));
}
#endif

void read_words(const std::byte* data, std::size_t bytes) {
  std::uint64_t all = 0;
  for (std::size_t i = 0; i + sizeof all <= bytes; i += sizeof all) {
    std::uint64_t word;
    std::memcpy(&word, data + i, sizeof word);
    all |= word;
  }
  asm volatile("" ::"r"(all));
}

using Read = void (*)(const std::byte* data, std::size_t bytes);

// Chosen outside of the timed part: asking the processor takes microseconds in a virtual machine.
Read widest_read() {
#if defined(__x86_64__)
  if (cpu_has(CpuTier::avx512)) return read_avx512;
  if (cpu_has(CpuTier::avx2)) return read_avx2;
#endif
  return read_words;
}

// Bytes a second of plain reads, in 1e9.
double read_rate(const std::byte* data, std::size_t bytes) {
  static const Read read = widest_read();
  const double start = cpu_seconds();
  read(data, bytes);
  return static_cast<double>(bytes) / (cpu_seconds() - start) / 1e9;
}

struct Options {
  CpuTier tier = best_cpu_tier();
  int threads = 1;
  std::size_t rows = 512;
  std::vector<DataType> formats;
  std::vector<std::pair<std::size_t, std::size_t>> shapes;
};

// Runs body(thread) on every thread at once; rates are added up.
Speed on_threads(int threads, const std::function<Speed(int)>& body) {
  std::vector<Speed> speeds(static_cast<std::size_t>(threads));
  std::vector<std::thread> workers;
  std::atomic<int> waiting{threads};
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      speeds[static_cast<std::size_t>(t)] = body(t);
    });
  }
  for (std::thread& worker : workers) worker.join();
  Speed sum;
  for (const Speed& speed : speeds) sum = sum + speed;
  return sum;
}

class Bench {
 public:
  Bench(const Options& options, DataType type, std::size_t outs, std::size_t ins)
      : options_(options),
        ins_(ins),
        shape_(packed_shape(type, outs, ins)),
        kernel_(packed_kernel(type, options.tier)),
        format_(shape_.tile_elements == 64 ? ActivationFormat::q8_32 : ActivationFormat::q8_256),
        // Far more than the last-level cache, for each thread.
        weights_(static_cast<std::size_t>(options.threads) * kBytesPerThread) {
    std::vector<float> x(options.rows * ins);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i * 37 % 101) - 50.0F;
    x_ = Buffer(options.rows * activation_row_bytes(format_, ins), "inputs", nullptr);
    prepare_activations(format_, kernel_.order,
                        {.f32 = x.data(), .rows = options.rows, .stride = ins}, ins, 0,
                        options.rows, x_.data());
    std::printf("%-7s %5zu x %5zu ", std::string(to_string(type)).c_str(), outs, ins);
  }

  void run() {
    const Speed peak = on_threads(options_.threads, [&](int) { return this->peak(); });
    const Speed prefill = on_threads(options_.threads, [&](int t) { return this->prefill(t); });
    std::printf("| %4zu rows %5.0f GOP/s (best %5.0f) of %5.0f: %3.0f %% |", options_.rows,
                prefill.median, prefill.best, peak.best,
                peak.best > 0 ? 100 * prefill.best / peak.best : 0);
    for (const std::size_t rows : {1U, 2U, 4U, 8U}) {
      reads_.assign(static_cast<std::size_t>(options_.threads), {});
      const Speed speed = on_threads(options_.threads, [&](int t) { return decode(t, rows); });
      Speed read;
      for (const Speed& one : reads_) read = read + one;
      std::printf(" %zu: %4.1f/%4.1f GB/s %3.0f %%", rows, speed.median, read.median,
                  100 * speed.median / read.median);
      std::fflush(stdout);
    }
    std::printf("\n");
  }

 private:
  static constexpr std::size_t kBytesPerThread = std::size_t{192} << 20;
  static constexpr std::size_t kChunkBytes = std::size_t{192} << 10;

  Speed peak() const {
    std::vector<double> rates;
    for (int i = 0; i < 20; ++i) rates.push_back(peak_rate(options_.tier));
    return speed_of(rates);
  }

  // `groups` groups from the weights of thread t on, `rows` rows.
  void call(int t, std::size_t at, std::size_t groups, std::size_t rows, std::vector<float>& y,
            Buffer& scratch) const {
    const std::size_t base = static_cast<std::size_t>(t) * kBytesPerThread;
    kernel_.run({.tiles = weights_.data + base + at,
                 .groups = groups,
                 .tiles_per_group = shape_.tiles_per_group,
                 .x = x_.data(),
                 .x_stride = activation_strides(format_, kernel_.order, ins_, rows),
                 .rows = rows,
                 .y = y.data(),
                 .y_stride = groups * kLanes,
                 .outs = groups * kLanes,
                 .scratch = scratch.data()});
  }

  Speed prefill(int t) const {
    const std::size_t groups = chunk_groups() / 2 * 2;
    std::vector<float> y(options_.rows * groups * kLanes);
    Buffer scratch(kernel_.scratch_bytes, "scratch", nullptr);
    const double operations =
        2.0 * static_cast<double>(groups * kLanes) * static_cast<double>(ins_ * options_.rows);
    std::vector<double> rates;
    for (std::size_t i = 0; i < 24; ++i) {
      const double start = cpu_seconds();
      call(t, i * groups * shape_.group_bytes(), groups, options_.rows, y, scratch);
      rates.push_back(operations / (cpu_seconds() - start) / 1e9);
    }
    return speed_of(rates);
  }

  // As a model's large matrices are cut.
  std::size_t chunk_groups() const {
    return std::max<std::size_t>(4, kChunkBytes / shape_.group_bytes());
  }

  // Chunks as a model's matrices have them, in turns with reads of as many bytes; a chunk between
  // is left out, for the kernel has asked for its beginning.
  Speed decode(int t, std::size_t rows) {
    const std::size_t groups = chunk_groups();
    const std::size_t chunk = groups * shape_.group_bytes();
    std::vector<float> y(rows * groups * kLanes);
    Buffer scratch(kernel_.scratch_bytes, "scratch", nullptr);
    std::vector<double> rates;
    std::vector<double> reads;
    for (std::size_t at = 0; at + 3 * chunk <= kBytesPerThread; at += 3 * chunk) {
      const std::size_t base = static_cast<std::size_t>(t) * kBytesPerThread;
      reads.push_back(read_rate(weights_.data + base + at, chunk));
      const double start = cpu_seconds();
      call(t, at + chunk, groups, rows, y, scratch);
      rates.push_back(static_cast<double>(chunk) / (cpu_seconds() - start) / 1e9);
    }
    reads_[static_cast<std::size_t>(t)] = speed_of(reads);
    return speed_of(rates);
  }

  const Options& options_;
  std::size_t ins_;
  PackedShape shape_;
  PackedKernel kernel_;
  ActivationFormat format_;
  Pages weights_;
  Buffer x_;
  std::vector<Speed> reads_;
};

[[noreturn]] void usage() {
  std::fprintf(stderr,
               "usage: kernel_bench [--tier T] [--threads N] [--rows N] [--format F]... "
               "[--shape OUTxIN]...\nT as in TLITE_CPU\n");
  std::exit(2);
}

template <class Enum>
std::string_view to_string_view(Enum value) {
  return to_string(value);
}

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; i += 2) {
    if (i + 1 >= argc) usage();
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--threads") {
      options.threads = std::max(1, std::atoi(value.c_str()));
    } else if (name == "--rows") {
      options.rows = static_cast<std::size_t>(std::max(1, std::atoi(value.c_str())));
    } else if (name == "--tier") {
      const auto* tier = std::ranges::find(kCpuTiers, value, to_string_view<CpuTier>);
      if (tier == std::end(kCpuTiers) || !cpu_has(*tier)) usage();
      options.tier = *tier;
    } else if (name == "--format") {
      const auto* type = std::ranges::find(kDataTypes, value, to_string_view<DataType>);
      if (type == std::end(kDataTypes) || !is_quantized(*type)) usage();
      options.formats.push_back(*type);
    } else if (name == "--shape" && value.find('x') != std::string::npos) {
      options.shapes.emplace_back(std::stoul(value), std::stoul(value.substr(value.find('x') + 1)));
    } else {
      usage();
    }
  }
  if (options.formats.empty()) {
    options.formats = {DataType::q4_0, DataType::q8_0, DataType::q4_k, DataType::q6_k};
  }
  if (options.shapes.empty()) options.shapes = {{3584, 3584}, {3584, 18944}};
  return options;
}

}  // namespace
}  // namespace tlite

int main(int argc, char** argv) {
  const tlite::Options options = tlite::parse(argc, argv);
  std::printf("%s, %d thread(s); decode: median of kernel / of plain reads\n",
              std::string(to_string(options.tier)).c_str(), options.threads);
  for (const tlite::DataType type : options.formats) {
    for (const auto& [outs, ins] : options.shapes) tlite::Bench(options, type, outs, ins).run();
  }
}

// Error and speed of the encoders, beside ggml's where its library is given:
//
//   quantize_bench [--peer libggml-base.so] [--format q4_k]...
//
// Root mean square error, weighted where there is an importance, relative to that of the weights,
// over rows of three kinds: normal, heavy-tailed (Student's t, 3 degrees of freedom) and normal
// with 1 % outliers of 20 times the size. Importances are log-normal. Speed in 1e6 values a second
// of CPU time of one thread, the two programs in turn, best of 5.
#include "bench/timing.hpp"
#include "tensor/blocks.hpp"
#include "tensor/quantize.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <dlfcn.h>

namespace tlite {
namespace {

constexpr std::size_t kRows = 64;
constexpr std::size_t kColumns = 4096;

using PeerQuantize = std::size_t (*)(int type, const float* values, void* out, std::int64_t start,
                                     std::int64_t rows, std::int64_t columns,
                                     const float* importance);

// ggml's numbers of the types, by ours.
int peer_type(DataType type) {
  constexpr int kNumbers[] = {0, 1, 30, 8, 2, 3, 6, 7, 10, 11, 12, 13, 14, 20, 23};
  return kNumbers[static_cast<std::size_t>(type)];
}

struct Kind {
  const char* name;
  std::vector<float> values;
};

std::vector<Kind> make_kinds() {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::student_t_distribution<float> heavy(3.0F);
  std::bernoulli_distribution outlier(0.01);
  std::vector<Kind> kinds = {{"normal", {}}, {"heavy", {}}, {"outlier", {}}};
  for (std::size_t i = 0; i < kRows * kColumns; ++i) {
    kinds[0].values.push_back(0.02F * normal(random));
    kinds[1].values.push_back(0.02F * heavy(random));
    kinds[2].values.push_back((outlier(random) ? 0.4F : 0.02F) * normal(random));
  }
  return kinds;
}

struct Result {
  double error;
  double speed;
};

// `encode` writes all rows; a second look at the time is worth more than a first.
template <class Encode>
Result measure(DataType type, const std::vector<float>& values,
               const std::vector<float>& importance, std::vector<std::byte>& blocks,
               Encode encode) {
  const double start = cpu_seconds();
  encode();
  const double seconds = cpu_seconds() - start;
  std::vector<float> decoded(values.size());
  dequantize(type, blocks.data(), values.size(), decoded.data());
  double miss = 0;
  double size = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double weight = importance.empty() ? 1.0 : importance[i % kColumns];
    const double difference = static_cast<double>(decoded[i]) - values[i];
    miss += weight * difference * difference;
    size += weight * values[i] * values[i];
  }
  return {std::sqrt(miss / size), static_cast<double>(values.size()) / seconds / 1e6};
}

void compare(DataType type, const Kind& kind, const std::vector<float>& importance,
             PeerQuantize peer) {
  const BlockShape shape = block_shape(type);
  std::vector<std::byte> blocks(kind.values.size() / shape.elements * shape.bytes);
  Result ours{0, 0};
  Result theirs{0, 0};
  for (int round = 0; round < 5; ++round) {
    const Result our = measure(type, kind.values, importance, blocks, [&] {
      quantize(type, kind.values.data(), kRows, kColumns, importance, blocks.data());
    });
    ours = {our.error, std::max(ours.speed, our.speed)};
    if (peer == nullptr) continue;
    const Result their = measure(type, kind.values, importance, blocks, [&] {
      peer(peer_type(type), kind.values.data(), blocks.data(), 0, kRows, kColumns,
           importance.empty() ? nullptr : importance.data());
    });
    theirs = {their.error, std::max(theirs.speed, their.speed)};
  }
  std::printf("%-7s %-8s %-10s %9.6f", std::string(to_string(type)).c_str(), kind.name,
              importance.empty() ? "-" : "importance", ours.error);
  if (peer != nullptr) std::printf(" %9.6f %6.3f", theirs.error, ours.error / theirs.error);
  std::printf(" %7.1f", ours.speed);
  if (peer != nullptr) std::printf(" %7.1f", theirs.speed);
  std::printf("\n");
  std::fflush(stdout);
}

std::optional<DataType> type_of(const std::string& name) {
  for (const DataType type : kDataTypes) {
    if (is_quantized(type) && to_string(type) == name) return type;
  }
  return std::nullopt;
}

int run(const std::vector<std::string>& arguments) {
  PeerQuantize peer = nullptr;
  std::vector<DataType> types;
  for (std::size_t i = 0; i + 1 < arguments.size(); i += 2) {
    if (arguments[i] == "--peer") {
      void* library = dlopen(arguments[i + 1].c_str(), RTLD_LAZY);
      if (library != nullptr) {
        peer = reinterpret_cast<PeerQuantize>(dlsym(library, "ggml_quantize_chunk"));
      }
      if (peer == nullptr) {
        std::fprintf(stderr, "quantize_bench: %s\n", dlerror());
        return 1;
      }
    } else if (const auto type = type_of(arguments[i + 1]); arguments[i] == "--format" && type) {
      types.push_back(*type);
    } else {
      std::fprintf(stderr, "usage: quantize_bench [--peer LIBRARY] [--format TYPE]...\n");
      return 2;
    }
  }
  if (types.empty()) {
    std::copy_if(kDataTypes.begin(), kDataTypes.end(), std::back_inserter(types), is_quantized);
  }
  std::mt19937 random(2);
  std::lognormal_distribution<float> log_normal(0.0F, 1.5F);
  std::vector<float> importance(kColumns);
  std::generate(importance.begin(), importance.end(), [&] { return log_normal(random); });
  std::printf("format  rows     weights        error%s  values/s%s\n",
              peer == nullptr ? "" : "      peer  ratio", peer == nullptr ? "" : "    peer");
  const std::vector<Kind> kinds = make_kinds();
  for (const DataType type : types) {
    for (const Kind& kind : kinds) {
      compare(type, kind, {}, peer);
      compare(type, kind, importance, peer);
    }
  }
  return 0;
}

}  // namespace
}  // namespace tlite

int main(int argc, char** argv) { return tlite::run({argv + 1, argv + argc}); }

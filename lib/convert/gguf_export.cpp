// What can be refused is refused by the plan, before the file is begun. Only values that are no
// numbers, or too large, are found on the way.
#include "convert/gguf_export.hpp"

#include "base/parallel.hpp"
#include "convert/target.hpp"
#include "convert/tensor_quantizer.hpp"
#include "convert/weight_mix.hpp"
#include "format/gguf_model.hpp"
#include "format/tensor_list.hpp"
#include "tensor/dtype.hpp"

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <tlite/error.hpp>

namespace tlite {
namespace {

struct Target {
  const StoredTensor* source;
  std::string name;  // in the GGUF file
  DataType type;
  std::span<const float> importance;
};

// No entry is no error: measuring leaves embedding and output out.
std::span<const float> importance_of(const GgufExport& job, const Target& target) {
  if (job.importance == nullptr || !is_quantized(target.type)) return {};
  const std::span<const float> found = job.importance->find(target.name);
  const std::uint64_t columns = target.source->shape.back();
  if (found.empty()) {
    job.log(LogLevel::info, job.importance->file() + ": nothing about " + target.name);
  } else if (found.size() != columns) {
    throw Error(ErrorCode::corrupt, job.importance->file() + ": entry " + target.name + ": " +
                                        std::to_string(found.size()) + " values for " +
                                        std::to_string(columns) + " columns");
  }
  return found;
}

// Counts matrices whose rows are no whole blocks of what the mix gives them, for one line a kind.
class Fallbacks {
 public:
  void add(DataType wanted, DataType given, std::uint64_t columns) {
    if (wanted != given) ++count_[{wanted, given, columns}];
  }
  void log(const Log& log) const {
    for (const auto& [kind, count] : count_) {
      const auto& [wanted, given, columns] = kind;
      log(LogLevel::warning, "rows of " + std::to_string(columns) + " are not whole blocks of " +
                                 std::string(to_string(wanted)) + ": " +
                                 std::string(to_string(given)) + " instead for " +
                                 std::to_string(count) + " matrices");
    }
  }

 private:
  std::map<std::tuple<DataType, DataType, std::uint64_t>, std::size_t> count_;
};

void check_requantizing(const GgufExport& job, const StoredTensor& source, DataType type) {
  if (!is_quantized(source.type) || !is_quantized(type) || type == source.type) return;
  if (job.allow_requantize) return;
  throw Error(ErrorCode::not_supported,
              source.file + ": tensor " + source.name + ": not supported: " +
                  std::string(to_string(source.type)) + " to " + std::string(to_string(type)) +
                  ", which loses twice, unless requantizing is allowed");
}

std::vector<Target> plan(const GgufExport& job) {
  const ModelConfig& config = job.checkpoint.config;
  const WeightMixer mixer(job.mix, config, job.importance != nullptr);
  std::vector<Target> targets;
  Fallbacks fallbacks;
  for (const ExpectedTensor& expected : expected_tensors(config)) {
    const StoredTensor* source = job.checkpoint.weights->find(expected.name);
    Target target{source, gguf_name(expected.id), DataType::f32, {}};
    if (source->shape.size() == 2) {
      const DataType wanted = mixer.type_of(source->name);
      target.type = type_for_rows(wanted, source->shape.back());
      fallbacks.add(wanted, target.type, source->shape.back());
      check_requantizing(job, *source, target.type);
    }
    target.importance = importance_of(job, target);
    targets.push_back(std::move(target));
  }
  fallbacks.log(job.log);
  return targets;
}

void add_mix(GgufHeader& header, const GgufExport& job) {
  header.add_u32("general.file_type", gguf_file_type(job.mix));
  header.add_u32("general.quantization_version", 2);  // GGML_QNT_VERSION: the block layouts
  if (job.importance == nullptr) return;
  header.add_string("quantize.imatrix.file", job.importance->file());
  header.add_i32("quantize.imatrix.entries_count",
                 static_cast<std::int32_t>(job.importance->size()));
}

}  // namespace

void export_gguf(const GgufExport& job, GgufHeader header, std::string_view target) {
  check_target(*job.checkpoint.weights, std::string(target));
  const std::vector<Target> targets = plan(job);
  add_mix(header, job);
  std::uint64_t total = 0;
  for (const Target& one : targets) {
    header.add_tensor(one.name, one.type, one.source->shape);
    total += header.tensor_bytes().back();
  }
  std::uint64_t done = 0;
  // Before each piece, which is where a cancel takes effect, and once more behind the last: that
  // one tells 1.
  const auto report = [&] {
    const auto fraction =
        static_cast<float>(static_cast<double>(done) / static_cast<double>(total));
    if (job.progress && !job.progress(fraction)) {
      throw Error(ErrorCode::cancelled, "cancelled: writing " + std::string(target));
    }
  };
  GgufWriter writer(target, header);
  ThreadPool pool(job.threads);
  TensorQuantizer quantizer(pool, job.allocator);
  pool.enter([&] {
    for (const Target& one : targets) {
      quantizer.run(*one.source, one.type, one.importance, [&](std::span<const std::byte> piece) {
        report();
        writer.write(piece);
        done += piece.size();
      });
      // Else the pages of a large source would fill the memory, and nobody needs them again.
      job.checkpoint.weights->was_read(one.source->data);
    }
    report();
  });
  writer.commit();
}

}  // namespace tlite

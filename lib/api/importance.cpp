#include "api/model_impl.hpp"
#include "base/output_file.hpp"
#include "convert/target.hpp"
#include "format/gguf_model.hpp"
#include "format/imatrix_writer.hpp"
#include "format/tensor_list.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>
#include <tlite/importance.hpp>

namespace tlite {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::invalid_argument, what);
}

void check(std::span<const TokenId> ids, std::int32_t vocabulary,
           const ImportanceOptions& options) {
  if (options.chunk < 1) {
    refuse("ImportanceOptions::chunk is " + std::to_string(options.chunk) + "; it takes 1 or more");
  }
  if (options.threads < 0 || options.threads > 256) {
    refuse("ImportanceOptions::threads is " + std::to_string(options.threads) +
           "; it takes 0 to 256");
  }
  if (options.format != ImportanceFormat::gguf && options.format != ImportanceFormat::dat) {
    refuse("ImportanceOptions::format: " +
           std::to_string(static_cast<std::int32_t>(options.format)) + " is no ImportanceFormat");
  }
  if (ids.size() < static_cast<std::size_t>(options.chunk)) {
    refuse("the text has " + std::to_string(ids.size()) + " tokens; a chunk has " +
           std::to_string(options.chunk));
  }
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] >= 0 && ids[i] < vocabulary) continue;
    refuse("token " + std::to_string(i) + " of the text is " + std::to_string(ids[i]) +
           "; the vocabulary has " + std::to_string(vocabulary));
  }
}

// The matrices of the layers. Embedding and output are left out, as llama.cpp leaves them out: an
// embedding has no inputs, and output matrices were found to be better without.
class Collector {
 public:
  explicit Collector(const ModelConfig& config) {
    for (const ExpectedTensor& tensor : expected_tensors(config)) {
      std::string name = gguf_name(tensor.name);
      if (tensor.shape.size() != 2 || !name.starts_with("blk.")) continue;
      sums_[tensor.name] = {std::move(name), std::vector<double>(tensor.shape[1]), 0};
    }
  }

  void add(const MatrixInput& input) {
    const auto found = sums_.find(input.tensor);
    if (found == sums_.end()) return;
    std::vector<double>& columns = found->second.columns;
    for (std::size_t row = 0; row < input.values.size(); row += input.columns) {
      for (std::size_t i = 0; i < input.columns; ++i) {
        const double value = input.values[row + i];
        columns[i] += value * value;
      }
      ++found->second.rows;
    }
    check_sums(input.tensor, columns);
  }

  std::vector<SquareSums> take() {
    std::vector<SquareSums> all;
    for (auto& [name, sums] : sums_) all.push_back(std::move(sums));
    return all;
  }

 private:
  // Squares of f32 are finite in double: what is not, comes of an input that is not.
  static void check_sums(std::string_view tensor, const std::vector<double>& columns) {
    constexpr double kMost = std::numeric_limits<float>::max();
    const auto bad = std::ranges::find_if(columns, [](double sum) { return !(sum <= kMost); });
    if (bad == columns.end()) return;
    throw Error(ErrorCode::corrupt, "the sum of the squared inputs of " + std::string(tensor) +
                                        " in column " + std::to_string(bad - columns.begin()) +
                                        " is " + std::to_string(*bad) +
                                        ": a weight of the model is NaN or infinite, or the model "
                                        "overflows");
  }

  std::map<std::string, SquareSums, std::less<>> sums_;  // by Hugging Face's name
};

// Chunk after chunk, each from an empty context. All rows want logits, or they would end before the
// last layer's matrices do. 64 of them at a time: the logits of 512 take 300 MB where the
// vocabulary has 152,064 entries, and the weights are read seldom enough.
void run(const Model& model, std::span<const TokenId> ids, const ImportanceOptions& options,
         Collector& collector) {
  EvaluatorOptions of_chunk;
  of_chunk.context = options.chunk;
  of_chunk.max_sequences = 1;
  of_chunk.max_batch_rows = of_chunk.max_logits_rows;
  of_chunk.threads = options.threads;
  Evaluator evaluator(model, of_chunk);
  std::size_t done = 0;
  const auto report = [&] {
    const double fraction = static_cast<double>(done) / static_cast<double>(ids.size());
    if (!options.progress || options.progress(static_cast<float>(fraction))) return;
    throw Error(ErrorCode::cancelled, "cancelled: measuring importance");
  };
  // Between two matrices: seldom more than some hundredths of a second.
  evaluator.on_matrix_input([&](const MatrixInput& input) {
    report();
    collector.add(input);
  });
  const SequenceId sequence = evaluator.create_sequence();
  const auto chunk = static_cast<std::size_t>(options.chunk);
  const auto most = static_cast<std::size_t>(of_chunk.max_logits_rows);
  std::vector<BatchRow> rows;
  while (done < ids.size()) {
    std::size_t position = done % chunk;
    if (position == 0) evaluator.truncate(sequence, 0);
    rows.clear();
    for (const TokenId id : ids.subspan(done, std::min(most, chunk - position))) {
      rows.push_back({id, sequence, static_cast<std::int32_t>(position++), true});
    }
    evaluator.evaluate(rows);
    done += rows.size();
  }
  report();
}

}  // namespace

void measure_importance(const Model& model, std::span<const TokenId> ids, std::string_view target,
                        const ImportanceOptions& options) {
  const ModelConfig& config = model.info().config;
  check(ids, config.vocab_size, options);
  check_target(*model.impl().source, std::string(target));
  try {
    OutputFile file(target);  // before the work: better to hear now that it cannot be written
    Collector collector(config);
    run(model, ids.first(ids.size() - ids.size() % static_cast<std::size_t>(options.chunk)),
        options, collector);
    const ImportanceSums sums{collector.take(), static_cast<std::uint32_t>(options.chunk),
                              options.dataset};
    const std::string bytes =
        options.format == ImportanceFormat::gguf ? imatrix_gguf_file(sums) : imatrix_dat_file(sums);
    file.write(std::as_bytes(std::span(bytes)));
    file.commit();
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::out_of_memory, "out of memory: measuring importance");
  }
}

}  // namespace tlite

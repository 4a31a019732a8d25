// measure_importance(): a text goes through the model, and the squares of what each matrix
// multiplies are summed by convert/importance_collector.hpp.
#include "api/model_impl.hpp"
#include "base/float_env.hpp"
#include "base/output_file.hpp"
#include "convert/importance_collector.hpp"
#include "convert/target.hpp"
#include "format/imatrix_writer.hpp"

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

// Chunk after chunk, each from an empty context. All rows want logits, or they would end before the
// last layer's matrices do. 64 of them at a time: the logits of 512 take 300 MB where the
// vocabulary has 152,064 entries, and the weights are read seldom enough.
void run(const Model& model, std::span<const TokenId> ids, const ImportanceOptions& options,
         ImportanceCollector& collector) {
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
  const DefaultFloatEnv arithmetic;
  try {
    OutputFile file(target);  // before the work: better to hear now that it cannot be written
    ImportanceCollector collector(config);
    // What fills no chunk at the end is left out.
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

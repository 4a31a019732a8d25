// tlite logits MODEL --ids F.json --out F.npy [--last]: f32, one row a position.
#include "commands.hpp"
#include "files.hpp"
#include "model_flags.hpp"
#include "npy.hpp"
#include "output.hpp"
#include "progress.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  std::string ids, out;
  bool last = false;
};

std::vector<tlite::TokenId> read_ids(const std::string& path) {
  const Json value = Json::parse(read_file(path), nullptr, false);
  const auto is_id = [](const Json& entry) {
    return entry.is_number_integer() && entry.get<std::int64_t>() >= 0 &&
           entry.get<std::int64_t>() <= INT32_MAX;
  };
  if (!value.is_array() || !std::all_of(value.begin(), value.end(), is_id)) {
    throw std::runtime_error(path + ": must be a JSON array of token ids");
  }
  if (value.empty()) throw std::runtime_error(path + ": has no token ids");
  return value.get<std::vector<tlite::TokenId>>();
}

tlite::EvaluatorOptions options_for(const Flags& flags, std::size_t count) {
  tlite::EvaluatorOptions options;
  options.context = flags.model.context.value_or(static_cast<std::int32_t>(count));
  options.max_sequences = 1;
  options.threads = flags.model.threads;
  options.kv_type = parse_kv_type(flags.model.kv_type);
  return options;
}

// All positions, in batches of as many rows as may want logits.
void write_all(tlite::Evaluator& evaluator, const std::vector<tlite::TokenId>& ids,
               NpyWriter& out) {
  Progress progress("evaluating");
  const tlite::SequenceId sequence = evaluator.create_sequence();
  const auto limit = static_cast<std::size_t>(
      std::min(evaluator.options().max_logits_rows, evaluator.options().max_batch_rows));
  for (std::size_t begin = 0; begin < ids.size(); begin += limit) {
    const std::size_t end = std::min(begin + limit, ids.size());
    std::vector<tlite::BatchRow> rows;
    for (std::size_t i = begin; i < end; ++i) {
      rows.push_back({ids[i], sequence, static_cast<std::int32_t>(i), true});
    }
    evaluator.evaluate(rows);
    for (std::int32_t i = 0; i < evaluator.logits_rows(); ++i) out.write_row(evaluator.logits(i));
    progress.show(std::to_string(end) + " of " + std::to_string(ids.size()) + " tokens");
  }
}

void write_last(tlite::Evaluator& evaluator, const std::vector<tlite::TokenId>& ids,
                NpyWriter& out) {
  Progress progress("evaluating");
  evaluator.on_progress([&progress](std::int64_t done, std::int64_t total) {
    progress.show(std::to_string(done) + " of " + std::to_string(total) + " tokens");
    return true;
  });
  evaluator.append(evaluator.create_sequence(), ids);
  out.write_row(evaluator.logits(0));
}

void run(const Flags& flags) {
  if (flags.out == "-" && is_terminal_output()) {
    throw CLI::ValidationError("--out", "a terminal cannot show a .npy file; name a file or pipe");
  }
  const std::vector<tlite::TokenId> ids = read_ids(flags.ids);
  const tlite::Model model = load_model(flags.model);
  tlite::Evaluator evaluator(model, options_for(flags, ids.size()));
  const auto columns = static_cast<std::size_t>(model.info().config.vocab_size);
  // Fail on a bad id or a full context before the file is begun.
  for (const tlite::TokenId id : ids) {
    if (id >= model.info().config.vocab_size) {
      throw std::runtime_error(flags.ids + ": the token id " + std::to_string(id) +
                               " is out of range; the model has " + std::to_string(columns));
    }
  }
  NpyWriter out(flags.out, flags.last ? 1 : ids.size(), columns);
  if (flags.last) {
    write_last(evaluator, ids, out);
  } else {
    write_all(evaluator, ids, out);
  }
  out.close();
}

}  // namespace

void add_logits(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("logits", "Logits of a token sequence as .npy");
  add_model_flags(*command, flags->model);
  command->add_option("--ids", flags->ids, "token ids as a JSON array; -: stdin")->required();
  command->add_option("--out", flags->out, "the .npy file, f32 [positions, vocabulary]; -: stdout")
      ->required();
  command->add_flag("--last", flags->last, "of the last position only: [1, vocabulary]");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli

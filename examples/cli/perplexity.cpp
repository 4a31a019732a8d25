// tlite perplexity MODEL [--file T [--chunks N] [--parse-special]] [-c CTX]
//                        [--kl-base B [--save-base]] [--json]
//
// The definitions are those of llama.cpp's tools/perplexity: the text in chunks of CTX tokens, each
// from an empty context; the tokens of a chunk's second half are scored, so that each has half a
// chunk before it; perplexity is exp(mean nll), its error that of the mean times the perplexity.
#include "base_file.hpp"
#include "chunks.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "log_probs.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "progress.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace cli {
namespace {

constexpr std::int32_t kShortestContext = 4;

struct Flags {
  ModelFlags model;
  TextFlags text;
  std::optional<std::string> base;
  bool save_base = false;
  bool json = false;
};

// A value a scored token. The comparisons with a base are empty without one.
struct Scores {
  std::vector<double> nll, base_nll, nll_ratio, kl_divergence;
  std::size_t same_top = 0;
};

Estimate perplexity(const std::vector<double>& nll) {
  const Estimate log_perplexity = estimate(nll);
  const double mean = std::exp(log_perplexity.mean);
  return {mean, mean * log_perplexity.error};
}

// Calls visit(next token, its logits row) for every scored token of every chunk.
template <class Visit>
void for_each_scored(const tlite::Model& model, const Flags& flags, const Chunks& chunks,
                     const Visit& visit) {
  ChunkEvaluator evaluator(model, flags.model, chunks.length);
  Progress progress("scoring");
  for (std::size_t i = 0; i < chunks.count(); ++i) {
    progress.show("chunk " + std::to_string(i + 1) + " of " + std::to_string(chunks.count()));
    const std::span<const tlite::TokenId> chunk = chunks[i];
    // The last token has no next one: it need not be run.
    evaluator.run(chunk.first(chunk.size() - 1), first_scored(chunk.size()),
                  [&](std::size_t position, std::span<const float> logits) {
                    visit(chunk[position + 1], logits);
                  });
  }
}

double nll_of(tlite::TokenId next, std::span<const float> logits) {
  return log_sum_exp(logits) - static_cast<double>(logits[static_cast<std::size_t>(next)]);
}

Scores score_text(const tlite::Model& model, const Flags& flags, const Chunks& chunks) {
  Scores scores;
  std::optional<BaseFileWriter> out;
  if (flags.save_base) {
    out.emplace(*flags.base, static_cast<std::size_t>(model.info().config.vocab_size), chunks);
  }
  CodedRow coded;
  for_each_scored(model, flags, chunks, [&](tlite::TokenId next, std::span<const float> logits) {
    scores.nll.push_back(nll_of(next, logits));
    if (!out) return;
    encode_row(logits, coded);
    out->write(coded);
  });
  if (out) out->close();
  return scores;
}

Scores score_against_base(const tlite::Model& model, const Flags& flags, BaseFileReader& base) {
  Scores scores;
  CodedRow coded;
  const auto visit = [&](tlite::TokenId next, std::span<const float> logits) {
    base.read(coded);
    const RowComparison row = compare_row(coded, logits, next);
    scores.nll.push_back(row.nll);
    scores.base_nll.push_back(row.base_nll);
    scores.nll_ratio.push_back(row.nll - row.base_nll);
    scores.kl_divergence.push_back(row.kl_divergence);
    scores.same_top += row.same_top ? 1 : 0;
  };
  for_each_scored(model, flags, base.chunks(), visit);
  return scores;
}

Json to_json(const Estimate& value) { return {{"mean", value.mean}, {"error", value.error}}; }

Json report(const Scores& scores, const Chunks& chunks) {
  Json out;
  const Estimate value = perplexity(scores.nll);
  out["perplexity"] = value.mean;
  out["perplexity_error"] = value.error;
  out["chunks"] = chunks.count();
  out["context"] = chunks.length;
  out["scored_tokens"] = scores.nll.size();
  if (scores.kl_divergence.empty()) return out;
  const Estimate base = perplexity(scores.base_nll);
  out["base_perplexity"] = base.mean;
  out["base_perplexity_error"] = base.error;
  out["log_perplexity_ratio"] = to_json(estimate(scores.nll_ratio));
  Json divergence = to_json(estimate(scores.kl_divergence));
  std::vector<double> sorted = scores.kl_divergence;
  std::sort(sorted.begin(), sorted.end());
  divergence["median"] = quantile(sorted, 0.5);
  divergence["p90"] = quantile(sorted, 0.9);
  divergence["p99"] = quantile(sorted, 0.99);
  divergence["max"] = sorted.back();
  out["kl_divergence"] = std::move(divergence);
  const auto count = static_cast<double>(scores.nll.size());
  const double share = static_cast<double>(scores.same_top) / count;
  const double error = count > 1 ? std::sqrt(share * (1.0 - share) / (count - 1.0)) : 0.0;
  out["same_top"] = to_json({share, error});
  return out;
}

std::string with_error(const Json& value, const Json& error, int digits, double factor = 1.0) {
  return format_number(value.get<double>() * factor, digits) + " ± " +
         format_number(error.get<double>() * factor, digits);
}

std::string with_error(const Json& estimate, int digits, double factor = 1.0) {
  return with_error(estimate["mean"], estimate["error"], digits, factor);
}

void write_report(const Json& report) {
  write_text("perplexity      " + with_error(report["perplexity"], report["perplexity_error"], 4) +
             "\n");
  if (report.contains("kl_divergence")) {
    const Json& divergence = report["kl_divergence"];
    write_text("  of the base   " +
               with_error(report["base_perplexity"], report["base_perplexity_error"], 4) +
               "\n  ln of ratio   " + with_error(report["log_perplexity_ratio"], 6) +
               "\nKL divergence   " + with_error(divergence, 6) + "\n");
    for (const auto& [name, key] :
         {std::pair("median", "median"), {"90 %", "p90"}, {"99 %", "p99"}, {"maximum", "max"}}) {
      write_text("  " + std::string(name) + std::string(14 - std::string(name).size(), ' ') +
                 format_number(divergence[key].get<double>(), 6) + "\n");
    }
    write_text("same top token  " + with_error(report["same_top"], 3, 100.0) + " %\n");
  }
  write_text("over " + report["scored_tokens"].dump() + " tokens: " + report["chunks"].dump() +
             " chunks of " + report["context"].dump() + ", the second half of each\n");
}

Chunks read_text(const Flags& flags, const tlite::Model& model, std::size_t length) {
  return read_chunks(model.tokenizer(), flags.text, length);
}

// The text's chunks must be the base's where both are given.
void check_same_text(const Flags& flags, const tlite::Model& model, const Chunks& base) {
  if (flags.model.context && chunk_length(flags.model) != base.length) {
    throw std::runtime_error(*flags.base + ": has chunks of " + std::to_string(base.length) +
                             " tokens, --context is " + std::to_string(chunk_length(flags.model)));
  }
  if (flags.text.file.empty()) return;
  if (read_text(flags, model, base.length).tokens == base.tokens) return;
  throw std::runtime_error(*flags.base + ": was made of another text than " + flags.text.file +
                           ", or by another tokenizer");
}

Json run_model(const Flags& flags) {
  const tlite::Model model = load_model(flags.model);
  if (!flags.base || flags.save_base) {
    const Chunks chunks = read_text(flags, model, chunk_length(flags.model));
    return report(score_text(model, flags, chunks), chunks);
  }
  BaseFileReader base(*flags.base, static_cast<std::size_t>(model.info().config.vocab_size));
  check_same_text(flags, model, base.chunks());
  return report(score_against_base(model, flags, base), base.chunks());
}

void run(const Flags& flags) {
  if (flags.text.file.empty() && (!flags.base || flags.save_base)) {
    throw CLI::RequiredError("--file");
  }
  if (flags.model.context && *flags.model.context < kShortestContext) {
    throw CLI::ValidationError("--context", "must be " + std::to_string(kShortestContext) +
                                                " or more, so that there is a token to score");
  }
  const Json result = run_model(flags);
  if (flags.json) return write_json(result);
  write_report(result);
}

}  // namespace

void add_perplexity(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand(
      "perplexity", "How well a model predicts a text, and how far it is from a base");
  add_model_flags(*command, flags->model);
  command->get_option("--context")->description("tokens of a chunk, 512 without");
  add_text_flags(*command, flags->text);
  command->get_option("--file")->description("the text; -: stdin; that of the base without");
  CLI::Option* const base =
      command
          ->add_option("--kl-base", flags->base,
                       "log probabilities of a base model to compare with (llama.cpp's)")
          ->check(needs_real_file);
  command->add_flag("--save-base", flags->save_base, "write them instead, from this model")
      ->needs(base);
  command->add_flag("--json", flags->json, "all numbers as one JSON object");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli

#include "chunks.hpp"

#include "files.hpp"

#include <algorithm>
#include <stdexcept>

namespace cli {
namespace {

constexpr std::int32_t kDefaultLength = 512;

tlite::EvaluatorOptions options_for(const ModelFlags& flags, std::size_t length) {
  tlite::EvaluatorOptions options;
  options.context = static_cast<std::int32_t>(length);
  options.max_sequences = 1;
  options.threads = flags.threads;
  options.kv_type = parse_kv_type(flags.kv_type);
  return options;
}

}  // namespace

std::size_t chunk_length(const ModelFlags& flags) {
  return static_cast<std::size_t>(flags.context.value_or(kDefaultLength));
}

void add_text_flags(CLI::App& command, TextFlags& flags) {
  CLI::Option* const file = command.add_option("--file", flags.file, "the text; -: stdin");
  command.add_option("--chunks", flags.chunks, "read no more of the text than this many chunks")
      ->check(CLI::PositiveNumber)
      ->needs(file);
  command
      .add_flag("--parse-special", flags.parse_special,
                "what looks like a special token is one, as in a conversation; else it is text")
      ->needs(file);
}

namespace {

// A model that was trained with a token before every text gets it before every chunk, in place of
// the chunk's first token, as in llama.cpp.
void begin_each(Chunks& chunks, const tlite::Tokenizer& tokenizer) {
  const std::vector<tlite::TokenId> around = tokenizer.encode("");
  if (around.empty() || tokenizer.bos_token() != around.front()) return;
  for (std::size_t at = 0; at < chunks.tokens.size(); at += chunks.length) {
    chunks.tokens[at] = around.front();
  }
}

}  // namespace

Chunks read_chunks(const tlite::Tokenizer& tokenizer, const TextFlags& flags, std::size_t length) {
  std::string text = read_file(flags.file);
  if (text.ends_with('\n')) text.pop_back();
  Chunks chunks{tokenizer.encode(text, {.parse_special = flags.parse_special}), length};
  if (chunks.count() == 0) {
    throw std::runtime_error(flags.file + ": has " + std::to_string(chunks.tokens.size()) +
                             " tokens; a chunk has " + std::to_string(length) + " (see --context)");
  }
  chunks.tokens.resize(std::min(chunks.count(), flags.chunks) * length);
  begin_each(chunks, tokenizer);
  return chunks;
}

ChunkEvaluator::ChunkEvaluator(const tlite::Model& model, const ModelFlags& flags,
                               std::size_t length)
    : evaluator_(model, options_for(flags, length)) {}

void ChunkEvaluator::run(std::span<const tlite::TokenId> chunk, std::size_t first,
                         const Visit& visit) {
  const tlite::SequenceId sequence = evaluator_.create_sequence();
  const auto limit = static_cast<std::size_t>(evaluator_.options().max_logits_rows);
  std::vector<tlite::BatchRow> rows;
  for (std::size_t begin = 0; begin < chunk.size();) {
    // What only fills the context goes first, in one batch.
    const bool wanted = begin >= first;
    const std::size_t end = wanted ? std::min(begin + limit, chunk.size()) : first;
    rows.clear();
    for (std::size_t i = begin; i < end; ++i) {
      rows.push_back({chunk[i], sequence, static_cast<std::int32_t>(i), wanted});
    }
    evaluator_.evaluate(rows);
    for (std::size_t i = begin; wanted && i < end; ++i) {
      visit(i, evaluator_.logits(static_cast<std::int32_t>(i - begin)));
    }
    begin = end;
  }
  evaluator_.destroy_sequence(sequence);
}

}  // namespace cli

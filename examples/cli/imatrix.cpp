// tlite imatrix MODEL --file TEXT [--chunks N] [--parse-special] -o OUT [-c CHUNK] [--threads T]
#include "chunks.hpp"
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "progress.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include <tlite/tlite.hpp>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  TextFlags text;
  std::string out;
};

void run(const Flags& flags) {
  const tlite::Model model = load_model(flags.model);
  const Chunks chunks = read_chunks(model.tokenizer(), flags.text, chunk_length(flags.model));
  std::atomic<bool> stopped = false;
  const InterruptScope interrupt([&stopped] { stopped = true; });
  Progress progress("measuring");
  tlite::ImportanceOptions options;
  options.chunk = static_cast<std::int32_t>(chunks.length);
  options.threads = flags.model.threads;
  if (flags.out.ends_with(".dat")) options.format = tlite::ImportanceFormat::dat;
  options.dataset = flags.text.file;
  options.progress = [&](float fraction) {
    progress.show(format_number(fraction * 100.0, 0) + " %");
    return !stopped;
  };
  try {
    tlite::measure_importance(model, chunks.tokens, flags.out, options);
  } catch (const tlite::Error& error) {
    if (error.code() == tlite::ErrorCode::cancelled) throw Interrupted();
    throw;
  }
  progress.clear();
  const auto bytes = static_cast<double>(std::filesystem::file_size(flags.out));
  write_text(flags.out + ": " + format_bytes(bytes) + ", of " + std::to_string(chunks.count()) +
             " chunks of " + std::to_string(chunks.length) + " tokens\n");
}

}  // namespace

void add_imatrix(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand(
      "imatrix", "Measures by a text what counts in a model's matrices, for quantize --imatrix");
  add_model_argument(*command, flags->model.path);
  add_text_flags(*command, flags->text);
  command->get_option("--file")->required();
  command
      ->add_option("-o,--out", flags->out,
                   "the file to write: GGUF, or where its name ends in .dat the older format")
      ->required()
      ->check(needs_real_file);
  command->add_option("-c,--context", flags->model.context, "tokens of a chunk, 512 without")
      ->check(CLI::PositiveNumber);
  add_threads_option(*command, flags->model.threads);
  command->callback([flags] { run(*flags); });
}

}  // namespace cli

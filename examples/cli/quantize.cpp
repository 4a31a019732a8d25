// tlite quantize SOURCE TARGET.gguf --type T [--imatrix F] [--threads N] [--allow-requantize]
#include "commands.hpp"
#include "files.hpp"
#include "interrupt.hpp"
#include "model_flags.hpp"
#include "output.hpp"
#include "progress.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include <tlite/tlite.hpp>

namespace cli {
namespace {

struct Flags {
  std::string source, target, type, imatrix;
  std::int32_t threads = 0;
  bool allow_requantize = false;
};

void run(const Flags& flags) {
  const tlite::WeightMix mix = parse_weight_mix("--type", flags.type);
  std::atomic<bool> stopped = false;
  const InterruptScope interrupt([&stopped] { stopped = true; });
  Progress progress("writing");
  tlite::QuantizeOptions options;
  options.importance = flags.imatrix;
  options.threads = flags.threads;
  options.allow_requantize = flags.allow_requantize;
  options.progress = [&](float fraction) {
    progress.show(format_number(fraction * 100.0, 0) + " %");
    return !stopped;
  };
  options.host.log = warnings_on_stderr();
  try {
    tlite::quantize(flags.source, flags.target, mix, options);
  } catch (const tlite::Error& error) {
    if (error.code() == tlite::ErrorCode::cancelled) throw Interrupted();
    throw;
  }
  progress.clear();
  const auto bytes = static_cast<double>(std::filesystem::file_size(flags.target));
  write_text(flags.target + ": " + format_bytes(bytes) + "\n");
}

}  // namespace

void add_quantize(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("quantize", "Writes a model as a GGUF file");
  command->add_option("SOURCE", flags->source, "a Hugging Face directory or a .gguf file")
      ->required();
  command->add_option("TARGET", flags->target, "the .gguf file to write")
      ->required()
      ->check(needs_real_file);
  command
      ->add_option("--type", flags->type,
                   "q4_k_m, q4_k_s, q5_k_m, q6_k, q8_0, q4_0, bf16, ...: the types of the weights")
      ->required();
  command->add_option("--imatrix", flags->imatrix, "an importance matrix of `imatrix`");
  add_threads_option(*command, flags->threads);
  command->add_flag("--allow-requantize", flags->allow_requantize,
                    "take a source that is quantized already");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli

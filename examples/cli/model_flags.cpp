#include "model_flags.hpp"

#include "output.hpp"
#include "progress.hpp"

#include <algorithm>

namespace cli {

void add_model_argument(CLI::App& command, std::string& path) {
  command
      .add_option("MODEL", path, "a Hugging Face directory or a .gguf file of the Qwen2.5 family")
      ->required();
}

void add_kv_type_option(CLI::App& command, std::optional<std::string>& kv_type) {
  command.add_option("--kv-type", kv_type, "storage of the KV cache")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}));
}

void add_model_flags(CLI::App& command, ModelFlags& flags) {
  add_model_argument(command, flags.path);
  command.add_option("--threads", flags.threads, "threads; 0: one per physical core")
      ->check(CLI::Range(0, kMostThreads));
  command.add_option("-c,--context", flags.context, "tokens kept, prompt and answers together")
      ->check(CLI::PositiveNumber);
  add_kv_type_option(command, flags.kv_type);
}

tlite::Model load_model(const ModelFlags& flags) {
  Progress progress("loading");
  tlite::LoadOptions options;
  options.progress = [&progress](float fraction) {
    progress.show(format_number(fraction * 100.0, 0) + " %");
    return true;
  };
  return tlite::Model::load(flags.path, options);
}

std::optional<tlite::DataType> parse_kv_type(const std::optional<std::string>& name) {
  for (const auto type : {tlite::DataType::f32, tlite::DataType::f16, tlite::DataType::bf16}) {
    if (name && *name == tlite::to_string(type)) return type;
  }
  return std::nullopt;
}

tlite::SessionOptions session_options(const ModelFlags& flags, const tlite::Model& model) {
  tlite::SessionOptions options;
  const std::int32_t most = model.info().config.max_position_embeddings;
  options.context = flags.context ? *flags.context : std::min(options.context, most);
  options.threads = flags.threads;
  options.kv_type = parse_kv_type(flags.kv_type);
  return options;
}

}  // namespace cli

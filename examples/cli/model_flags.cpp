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

void add_threads_option(CLI::App& command, std::int32_t& threads) {
  command.add_option("--threads", threads, "threads; 0: one per physical core")
      ->check(CLI::Range(0, kMostThreads));
}

void add_kv_type_option(CLI::App& command, std::optional<std::string>& kv_type) {
  command
      .add_option("--kv-type", kv_type,
                  "storage of the KV cache; bf16: attention in bf16, faster over long contexts")
      ->check(CLI::IsMember({"f32", "f16", "bf16", "q8_0"}));
}

void add_load_options(CLI::App& command, ModelFlags& flags) {
  command.add_option(
      "--weights", flags.weights,
      "quantize the weights while they are loaded: q8_0, q4_k_m, ...; bf16 for a bf16 "
      "model too: faster, by rounding what the weights multiply to bf16");
  command.add_option("--packed-cache", flags.packed_cache,
                     "a directory that keeps quantized weights ready for the next load");
  command.add_flag("--no-mmap", flags.no_mmap,
                   "read the weights into memory in place of mapping their files, which may then "
                   "be cut short, replaced or go away");
}

void add_model_flags(CLI::App& command, ModelFlags& flags) {
  add_model_argument(command, flags.path);
  add_threads_option(command, flags.threads);
  command.add_option("-c,--context", flags.context, "tokens kept, prompt and answers together")
      ->check(CLI::PositiveNumber);
  add_kv_type_option(command, flags.kv_type);
  add_load_options(command, flags);
}

tlite::Model load_model(const ModelFlags& flags) {
  Progress progress("loading");
  tlite::LoadOptions options = load_options(flags);
  options.progress = [&progress](float fraction) {
    progress.show(format_number(fraction * 100.0, 0) + " %");
    return true;
  };
  options.host.log = warnings_on_stderr();
  return tlite::Model::load(flags.path, options);
}

tlite::WeightMix parse_weight_mix(const std::string& option, const std::string& name) {
  if (const auto mix = tlite::parse_weight_mix(name)) return *mix;
  std::string known;
  for (std::int32_t i = 0; tlite::to_string(static_cast<tlite::WeightMix>(i)) != "unknown"; ++i) {
    known += " " + std::string(tlite::to_string(static_cast<tlite::WeightMix>(i)));
  }
  throw CLI::ValidationError(option, "'" + name + "' is none of:" + known);
}

std::optional<tlite::WeightMix> parse_weights(const ModelFlags& flags) {
  if (!flags.weights) return std::nullopt;
  return parse_weight_mix("--weights", *flags.weights);
}

std::optional<tlite::DataType> parse_kv_type(const std::optional<std::string>& name) {
  for (const auto type :
       {tlite::DataType::f32, tlite::DataType::f16, tlite::DataType::bf16, tlite::DataType::q8_0}) {
    if (name && *name == tlite::to_string(type)) return type;
  }
  return std::nullopt;
}

tlite::LoadOptions load_options(const ModelFlags& flags) {
  tlite::LoadOptions options;
  options.weights = parse_weights(flags);
  options.packed_cache = flags.packed_cache;
  options.read_into_memory = flags.no_mmap;
  return options;
}

tlite::SessionOptions session_options(const ModelFlags& flags, const tlite::ModelInfo& model) {
  tlite::SessionOptions options;
  const std::int32_t most = model.config.max_position_embeddings;
  options.context = flags.context ? *flags.context : std::min(options.context, most);
  options.threads = flags.threads;
  options.kv_type = parse_kv_type(flags.kv_type);
  return options;
}

}  // namespace cli

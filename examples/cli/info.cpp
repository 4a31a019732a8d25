// tlite info MODEL [--json]: what the checkpoint is and what memory it takes, from headers alone.
#include "commands.hpp"
#include "model_flags.hpp"
#include "output.hpp"

#include <memory>
#include <optional>

namespace cli {
namespace {

struct Flags {
  ModelFlags model;
  bool json = false;
};

Json memory_json(const tlite::MemoryPlan& plan, std::int32_t context) {
  return {{"context", context},
          {"weights", plan.weights},
          {"weights_resident", plan.weights_resident},
          {"kv_cache", plan.kv_cache},
          {"scratch", plan.scratch},
          {"total", plan.total()}};
}

void write_line(const std::string& name, const std::string& value) {
  constexpr std::size_t kColumn = 16;
  write_text(name + std::string(kColumn - std::min(kColumn, name.size()), ' ') + value + "\n");
}

std::string heads(const tlite::ModelConfig& config) {
  return std::to_string(config.num_attention_heads) + " query, " +
         std::to_string(config.num_key_value_heads) + " key-value, of " +
         std::to_string(config.head_dim);
}

void write_table(const tlite::ModelInfo& info, const tlite::MemoryPlan& plan,
                 std::int32_t context) {
  const tlite::ModelConfig& config = info.config;
  const auto bytes = [](std::uint64_t count) { return format_bytes(static_cast<double>(count)); };
  write_line("name", info.name);
  write_line("format", info.format + ", " + std::string(tlite::to_string(info.weight_type)));
  write_line("architecture", config.architecture);
  write_line("parameters", format_number(static_cast<double>(info.parameter_count) / 1e6, 1) +
                               " million in " + bytes(info.weight_bytes));
  write_line("layers", std::to_string(config.num_hidden_layers) + " of " +
                           std::to_string(config.hidden_size) + ", feed-forward " +
                           std::to_string(config.intermediate_size));
  write_line("heads", heads(config));
  write_line("vocabulary", std::to_string(config.vocab_size) +
                               (config.tie_word_embeddings ? ", tied embeddings" : ""));
  write_line("context",
             std::to_string(config.max_position_embeddings) + " positions" +
                 (config.rope_linear_factor != 1.0
                      ? ", linear x" + format_number(config.rope_linear_factor, 1)
                      : "") +
                 (config.yarn ? ", yarn x" + format_number(config.yarn->factor, 1) : ""));
  write_line("chat template", info.has_chat_template ? "yes" : "no");
  write_line("memory", bytes(plan.total()) + " with a context of " + std::to_string(context));
  write_line("  weights",
             bytes(plan.weights) + " mapped, " + bytes(plan.weights_resident) + " copied");
  write_line("  KV cache", bytes(plan.kv_cache));
  write_line("  scratch", bytes(plan.scratch));
}

void run(const Flags& flags) {
  const tlite::ModelInfo info = tlite::Model::inspect(flags.model.path);
  const tlite::SessionOptions options = session_options(flags.model, info);  // as chat, generate
  const tlite::MemoryPlan plan =
      tlite::Model::plan(flags.model.path, options, load_options(flags.model));
  if (!flags.json) return write_table(info, plan, options.context);
  Json out = Json::parse(tlite::to_json(info));
  out["memory"] = memory_json(plan, options.context);
  write_json(out);
}

}  // namespace

void add_info(CLI::App& app) {
  const auto flags = std::make_shared<Flags>();
  CLI::App* const command = app.add_subcommand("info", "What a model is, and its memory");
  add_model_flags(*command, flags->model);
  command->add_flag("--json", flags->json, "as JSON");
  command->callback([flags] { run(*flags); });
}

}  // namespace cli

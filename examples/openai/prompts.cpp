#include "prompts.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace openai {
namespace {

using tlite::TokenId;

// The order of Qwen2.5's fill-in-the-middle prompts (its technical report, arXiv 2409.12186).
std::vector<TokenId> around_suffix(const std::vector<TokenId>& prefix, const std::string& suffix,
                                   const tlite::Tokenizer& tokenizer) {
  const auto token = [&](std::string_view name) {
    const std::optional<TokenId> id = tokenizer.token_id(name);
    if (!id) not_supported("suffix", "suffix, as the model has no token " + std::string(name));
    return *id;
  };
  std::vector<TokenId> ids = {token("<|fim_prefix|>")};
  ids.insert(ids.end(), prefix.begin(), prefix.end());
  ids.push_back(token("<|fim_suffix|>"));
  const std::vector<TokenId> behind = tokenizer.encode(suffix, {.add_special = false});
  ids.insert(ids.end(), behind.begin(), behind.end());
  ids.push_back(token("<|fim_middle|>"));
  return ids;
}

std::vector<TokenId> conversation_ids(const Call& call, const tlite::Model& model,
                                      std::string& text) {
  const tlite::ChatTemplate& chat = model.chat_template();
  const bool knows_tools =
      !chat.tool_source().empty() || chat.source().find("tools") != std::string::npos;
  if (!call.tools_json.empty() && !knows_tools) {
    not_supported("tools", "tools, as the model's chat template has no place for them");
  }
  tlite::Prompt prompt = chat.render(call.messages, {.add_generation_prompt = true,
                                                     .tools_json = call.tools_json,
                                                     .extra_json = call.template_json});
  text = std::move(prompt.text);
  return model.tokenizer().encode(text, {.add_special = false, .literal_ranges = prompt.literal});
}

}  // namespace

Prompts prompts_of(Call& call, const tlite::Model& model) {
  Prompts prompts;
  if (call.kind == Kind::chat) {
    prompts.ids.push_back(conversation_ids(call, model, prompts.text));
    return prompts;
  }
  for (Input& input : call.inputs) {
    std::vector<TokenId> ids = input.ids.empty() ? model.tokenizer().encode(input.text) : input.ids;
    if (ids.empty() && model.tokenizer().bos_token()) ids.push_back(*model.tokenizer().bos_token());
    if (call.suffix) ids = around_suffix(ids, *call.suffix, model.tokenizer());
    if (call.echo) input.ids = ids;
    prompts.ids.push_back(std::move(ids));
  }
  return prompts;
}

std::int32_t positions(const tlite::ModelConfig& model) {
  double most = model.max_position_embeddings * model.rope_linear_factor;
  if (model.yarn) {
    most = std::max(most, model.yarn->factor * model.yarn->original_max_position_embeddings);
  }
  return static_cast<std::int32_t>(most);
}

std::int32_t longest_request(const tlite::ModelConfig& model, const tlite::EngineOptions& engine) {
  return std::min(positions(model), engine.context);
}

void check_length(const Call& call, std::size_t tokens, const tlite::ModelConfig& model) {
  const std::int32_t most = positions(model);
  if (tokens <= static_cast<std::size_t>(most)) return;
  const char* const field = call.kind == Kind::chat         ? "messages"
                            : call.kind == Kind::completion ? "prompt"
                                                            : "input";
  throw tlite::Error(tlite::ErrorCode::context_full,
                     std::string(field) + " has " + std::to_string(tokens) +
                         " tokens, the model takes " + std::to_string(most) +
                         " at most (max_position_embeddings)");
}

tlite::RequestOptions request_options(const Call& call, tlite::Pooling pooling) {
  tlite::RequestOptions options;
  if (call.kind == Kind::embeddings) {
    options.pooling = pooling;
    return options;
  }
  options.sampling = call.sampling;
  options.n = call.n;
  options.prompt_logprobs = call.scores();
  return options;
}

}  // namespace openai

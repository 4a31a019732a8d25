#include "prompts.hpp"

#include "tool_choice.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace openai {
namespace {

using tlite::TokenId;

// What belongs to no gap: an answer that comes to one of them has filled it.
constexpr std::array<std::string_view, 6> kBehindTheGap = {"<|fim_prefix|>", "<|fim_middle|>",
                                                           "<|fim_suffix|>", "<|fim_pad|>",
                                                           "<|repo_name|>",  "<|file_sep|>"};

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
  const std::vector<TokenId> behind =
      tokenizer.encode(suffix, {.parse_special = false, .add_special = false});
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
  if (!call.suffix) return prompts;
  for (const std::string_view name : kBehindTheGap) {
    if (const std::optional<TokenId> id = model.tokenizer().token_id(name)) {
      call.sampling.stop_token_ids.push_back(*id);
    }
  }
  return prompts;
}

tlite::RequestOptions request_options(const Call& call, const AnswerForm& form,
                                      const Prompts& prompts, const tlite::Model& model,
                                      tlite::Pooling pooling) {
  tlite::RequestOptions options;
  if (call.kind == Kind::embeddings) {
    options.pooling = pooling;
    return options;
  }
  options.sampling = call.sampling;
  options.n = call.n;
  options.prompt_logprobs = call.scores();
  if (call.kind == Kind::chat) {
    options.logits_processor = tool_rule(call, form, model, prompts.ids.front().size());
  }
  return options;
}

}  // namespace openai

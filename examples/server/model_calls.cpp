#include "model_calls.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server {
namespace {

using openai::Json;

const Json* given(const Json& body, const char* name) {
  const auto field = body.find(name);
  return field != body.end() && !field->is_null() ? &*field : nullptr;
}

bool flag(const Json& body, const char* name, bool fallback) {
  const Json* const value = given(body, name);
  return value ? openai::boolean_field(name, *value) : fallback;
}

void check_fields(const Json& body, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : body.items()) {
    if (std::ranges::find(known, name) == known.end()) {
      openai::not_supported(name, "the field " + openai::to_text(name));
    }
  }
}

tlite::Prompt render(const Json& body, const LoadedModel& model) {
  const Json* const messages = given(body, "messages");
  if (messages == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "messages",
                             "body has no messages");
  }
  const Json* const tools = given(body, "tools");
  const Json* const extra = given(body, "chat_template_kwargs");
  const std::string tools_json = tools && !tools->empty() ? openai::to_text(*tools) : std::string();
  const std::string extra_json = extra ? openai::to_text(*extra) : std::string();
  return model.model.chat_template().render(
      tlite::parse_messages(openai::to_text(*messages)),
      {.add_generation_prompt = flag(body, "add_generation_prompt", true),
       .tools_json = tools_json,
       .extra_json = extra_json});
}

std::vector<tlite::TokenId> ids_of(const Json& body, const LoadedModel& model) {
  const tlite::Tokenizer tokenizer = model.model.tokenizer();
  if (given(body, "messages") != nullptr) {
    const tlite::Prompt prompt = render(body, model);
    return tokenizer.encode(prompt.text, {.add_special = flag(body, "add_special_tokens", false),
                                          .literal_ranges = prompt.literal});
  }
  const char* const name = given(body, "prompt") != nullptr ? "prompt" : "content";
  const Json* const text = given(body, name);
  if (text == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "prompt",
                             "body has no prompt, messages or content");
  }
  // vLLM adds special tokens unless told otherwise, llama.cpp does not.
  const bool add = std::string_view(name) == "prompt" ? flag(body, "add_special_tokens", true)
                                                      : flag(body, "add_special", false);
  return tokenizer.encode(openai::string_field(name, *text),
                          {.parse_special = flag(body, "parse_special", true), .add_special = add});
}

Json pieces(const std::vector<tlite::TokenId>& ids, const tlite::Tokenizer& tokenizer) {
  Json list = Json::array();
  for (const tlite::TokenId id : ids) list.push_back(tokenizer.token_bytes(id));
  return list;
}

}  // namespace

Told tokenize(const Json& body, const LoadedModel& model, bool) {
  check_fields(body, {"model", "prompt", "content", "messages", "tools", "chat_template_kwargs",
                      "add_generation_prompt", "add_special_tokens", "add_special", "parse_special",
                      "return_token_strs", "with_pieces"});
  const std::vector<tlite::TokenId> ids = ids_of(body, model);
  const tlite::Tokenizer tokenizer = model.model.tokenizer();
  Json out = {{"count", ids.size()}, {"max_model_len", model.context}, {"tokens", ids}};
  if (flag(body, "return_token_strs", false)) out["token_strs"] = pieces(ids, tokenizer);
  if (flag(body, "with_pieces", false)) {
    const Json texts = pieces(ids, tokenizer);
    out["tokens"] = Json::array();
    for (std::size_t i = 0; i < ids.size(); ++i) {
      out["tokens"].push_back({{"id", ids[i]}, {"piece", texts[i]}});
    }
  }
  return {std::move(out)};
}

Told detokenize(const Json& body, const LoadedModel& model, bool) {
  check_fields(body, {"model", "tokens"});
  const Json* const tokens = given(body, "tokens");
  if (tokens == nullptr) {
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, "tokens", "body has no tokens");
  }
  const std::string text =
      model.model.tokenizer().decode(openai::token_ids_field("tokens", *tokens));
  return {{{"prompt", text}, {"content", text}}};
}

Told apply_template(const Json& body, const LoadedModel& model, bool) {
  check_fields(body,
               {"model", "messages", "tools", "chat_template_kwargs", "add_generation_prompt"});
  return {{{"prompt", render(body, model).text}}};
}

Told tokenizer_info(const Json& body, const LoadedModel& model, bool) {
  check_fields(body, {"model"});
  const tlite::Tokenizer tokenizer = model.model.tokenizer();
  const auto token = [&](const std::optional<tlite::TokenId>& id) {
    return id ? Json(tokenizer.token_bytes(*id)) : Json(nullptr);
  };
  const bool has_template = model.model.info().has_chat_template;
  return {{{"bos_token", token(tokenizer.bos_token())},
           {"eos_token", token(tokenizer.eos_token())},
           {"pad_token", token(tokenizer.pad_token())},
           {"chat_template",
            has_template ? Json(model.model.chat_template().source()) : Json(nullptr)}}};
}

}  // namespace server

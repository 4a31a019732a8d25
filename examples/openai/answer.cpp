#include "answer.hpp"

#include "embeddings.hpp"

#include <algorithm>
#include <utility>

namespace openai {
namespace {

Json token_entry(const tlite::TokenLogprob& entry, const tlite::Tokenizer& tokenizer) {
  const std::string bytes = static_cast<std::size_t>(entry.token) < tokenizer.vocabulary_size()
                                ? tokenizer.token_bytes(entry.token)
                                : std::string();
  Json numbers = Json::array();
  for (const char byte : bytes) numbers.push_back(static_cast<unsigned char>(byte));
  return {{"token", bytes}, {"logprob", entry.logprob}, {"bytes", std::move(numbers)}};
}

std::size_t code_points(const std::string& text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

// The first `count` likeliest, of as many as were asked for.
std::vector<tlite::TokenLogprob> first_of(const std::vector<tlite::TokenLogprob>& likeliest,
                                          std::int32_t count) {
  const auto most = std::min(likeliest.size(), static_cast<std::size_t>(count));
  return {likeliest.begin(), likeliest.begin() + static_cast<std::ptrdiff_t>(most)};
}

Json chat_logprobs(const tlite::Generation& answer, const tlite::Tokenizer& tokenizer) {
  Json content = Json::array();
  for (std::size_t i = 0; i < answer.logprobs.size(); ++i) {
    content.push_back(chat_logprob(answer.logprobs[i], answer.top_logprobs[i], tokenizer));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

struct Message {
  std::string content, reasoning;
  Json calls = Json::array();
};

Message read_message(const std::string& text, const AnswerForm& form, const std::string& id,
                     std::size_t choice) {
  AnswerParts parts(form);
  std::vector<AnswerPart> all = parts.push(text);
  for (AnswerPart& part : parts.finish()) all.push_back(std::move(part));
  Message message;
  for (const AnswerPart& part : all) {
    switch (part.kind) {
      case AnswerPart::Kind::reasoning:
        message.reasoning += part.text;
        break;
      case AnswerPart::Kind::content:
        message.content += part.text;
        break;
      case AnswerPart::Kind::call:
        message.calls.push_back({{"id", tool_call_id(id, choice, part.call)},
                                 {"type", "function"},
                                 {"function", {{"name", part.text}, {"arguments", ""}}}});
        break;
      case AnswerPart::Kind::arguments: {
        std::string& arguments =
            message.calls.back()["function"]["arguments"].get_ref<std::string&>();
        arguments += part.text;
        break;
      }
    }
  }
  return message;
}

Json chat_choice(const Call& call, const std::string& id, std::size_t index,
                 const tlite::Generation& answer, const AnswerForm& form,
                 const tlite::Tokenizer& tokenizer) {
  Message message = read_message(answer.text, form, id, index);
  const std::size_t calls = message.calls.size();
  Json out = {{"role", "assistant"}, {"content", message.content}, {"refusal", nullptr}};
  if (calls > 0 && message.content.empty()) out["content"] = nullptr;
  if (!message.reasoning.empty()) out["reasoning_content"] = message.reasoning;
  if (calls > 0) out["tool_calls"] = std::move(message.calls);
  return {
      {"index", index},
      {"message", std::move(out)},
      {"logprobs", call.sampling.logprobs >= 0 ? chat_logprobs(answer, tokenizer) : Json(nullptr)},
      {"finish_reason", finish_reason(call, answer.finish_reason, calls)}};
}

Json completion_choice(const Call& call, std::size_t index, const tlite::Generation& answer,
                       const tlite::Generation& scored, const tlite::Tokenizer& tokenizer) {
  const Input& prompt = call.inputs[index / static_cast<std::size_t>(call.n)];
  Json logprobs = nullptr;
  if (call.sampling.logprobs >= 0) {
    CompletionLogprobs columns(tokenizer);
    if (call.echo) columns.add_prompt(call, prompt, scored);
    for (std::size_t i = 0; i < answer.logprobs.size(); ++i) {
      columns.add(answer.logprobs[i], answer.top_logprobs[i]);
    }
    logprobs = columns.take();
  }
  Json out = {{"index", index},
              {"text", call.echo ? prompt_text(prompt, tokenizer) + answer.text : answer.text},
              {"logprobs", std::move(logprobs)}};
  if (call.prompt_logprobs >= 0) out["prompt_logprobs"] = prompt_logprobs(call, scored, tokenizer);
  out["finish_reason"] = finish_reason(call, answer.finish_reason, 0);
  return out;
}

}  // namespace

// Where tool_choice names a tool OpenAI's API says "stop".
const char* finish_reason(const Call& call, tlite::FinishReason reason, std::size_t calls) {
  if (reason == tlite::FinishReason::length || reason == tlite::FinishReason::context_full) {
    return "length";
  }
  return calls > 0 && !call.names_tool ? "tool_calls" : "stop";
}

std::string answer_id(const Call& call, const std::string& id) {
  return (call.kind == Kind::chat ? "chatcmpl-" : "cmpl-") + id;
}

std::string tool_call_id(const std::string& answer, std::size_t choice, std::size_t call) {
  return "call_" + answer + "_" + std::to_string(choice) + "_" + std::to_string(call);
}

AnswerForm answer_form(const Call& call, const tlite::Tokenizer& tokenizer,
                       std::string_view prompt) {
  AnswerForm form;
  form.thinking = tokenizer.thinking_tokens().has_value();
  const std::string_view said = prompt.substr(0, prompt.find_last_not_of("\n ") + 1);
  form.inside_thinking = form.thinking && said.ends_with("<think>");
  form.tools = !call.tools_json.empty();
  form.many_calls = call.parallel_tool_calls && !call.names_tool;
  form.stream_arguments = call.stream;
  return form;
}

Json chat_logprob(const tlite::TokenLogprob& chosen,
                  const std::vector<tlite::TokenLogprob>& likeliest,
                  const tlite::Tokenizer& tokenizer) {
  Json entry = token_entry(chosen, tokenizer);
  Json top = Json::array();
  for (const tlite::TokenLogprob& other : likeliest) top.push_back(token_entry(other, tokenizer));
  entry["top_logprobs"] = std::move(top);
  return entry;
}

void CompletionLogprobs::add_prompt(const Call& call, const Input& prompt,
                                    const tlite::Generation& scored) {
  // Nothing comes before the first token.
  add({prompt.ids.front(), 0.0F, 0}, nullptr, nullptr);
  for (std::size_t i = 0; i < scored.prompt_logprobs.size(); ++i) {
    add(scored.prompt_logprobs[i], first_of(scored.prompt_top_logprobs[i], call.sampling.logprobs));
  }
}

void CompletionLogprobs::add(const tlite::TokenLogprob& chosen,
                             const std::vector<tlite::TokenLogprob>& likeliest) {
  Json top = Json::object();
  for (const tlite::TokenLogprob& other : likeliest) {
    top[token_entry(other, tokenizer_)["token"].get<std::string>()] = other.logprob;
  }
  add(chosen, chosen.logprob, std::move(top));
}

void CompletionLogprobs::add(const tlite::TokenLogprob& chosen, Json logprob, Json top) {
  Json text = token_entry(chosen, tokenizer_)["token"];
  offsets_.push_back(offset_);
  offset_ += code_points(text.get_ref<const std::string&>());
  tokens_.push_back(std::move(text));
  logprobs_.push_back(std::move(logprob));
  tops_.push_back(std::move(top));
}

Json CompletionLogprobs::take() {
  return {{"tokens", std::exchange(tokens_, Json::array())},
          {"token_logprobs", std::exchange(logprobs_, Json::array())},
          {"top_logprobs", std::exchange(tops_, Json::array())},
          {"text_offset", std::exchange(offsets_, Json::array())}};
}

Json prompt_logprobs(const Call& call, const tlite::Generation& scored,
                     const tlite::Tokenizer& tokenizer) {
  Json list = Json::array({nullptr});
  const auto add = [&](Json& to, const tlite::TokenLogprob& entry) {
    to[std::to_string(entry.token)] = {{"logprob", entry.logprob},
                                       {"rank", entry.rank},
                                       {"decoded_token", token_entry(entry, tokenizer)["token"]}};
  };
  for (std::size_t i = 0; i < scored.prompt_logprobs.size(); ++i) {
    Json entry = Json::object();
    add(entry, scored.prompt_logprobs[i]);
    for (const auto& other : first_of(scored.prompt_top_logprobs[i], call.prompt_logprobs)) {
      add(entry, other);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

std::string prompt_text(const Input& prompt, const tlite::Tokenizer& tokenizer) {
  if (!prompt.text.empty()) return prompt.text;
  std::vector<tlite::TokenId> ids = prompt.ids;
  const auto known = static_cast<tlite::TokenId>(tokenizer.vocabulary_size());
  std::erase_if(ids, [&](tlite::TokenId id) { return id >= known; });
  return tokenizer.decode(ids);
}

std::int64_t reasoning_tokens(const tlite::Generation& answer, const AnswerForm& form,
                              const tlite::Tokenizer& tokenizer) {
  if (!form.thinking) return 0;
  AnswerParts parts(form);
  std::int64_t count = 0;
  for (const tlite::TokenId token : answer.tokens) {
    const bool before = parts.is_thinking();
    parts.push(static_cast<std::size_t>(token) < tokenizer.vocabulary_size()
                   ? tokenizer.token_bytes(token)
                   : std::string());
    if (before || parts.is_thinking()) ++count;
  }
  return count;
}

Json usage(const Call& call, const std::vector<tlite::Generation>& answers, const AnswerForm& form,
           const tlite::Tokenizer& tokenizer) {
  std::int64_t prompt = 0;
  std::int64_t cached = 0;
  std::int64_t completion = 0;
  std::int64_t reasoning = 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    completion += static_cast<std::int64_t>(answers[i].tokens.size());
    if (call.kind == Kind::chat) reasoning += reasoning_tokens(answers[i], form, tokenizer);
    if (i % static_cast<std::size_t>(call.n) != 0) continue;
    prompt += answers[i].prompt_tokens;
    cached += answers[i].cached_tokens;
  }
  return {{"prompt_tokens", prompt},
          {"completion_tokens", completion},
          {"total_tokens", prompt + completion},
          {"prompt_tokens_details", {{"cached_tokens", cached}}},
          {"completion_tokens_details", {{"reasoning_tokens", reasoning}}}};
}

Json response_body(const Call& call, const std::string& id, std::int64_t created,
                   const std::vector<tlite::Generation>& answers, const AnswerForm& form,
                   const tlite::Tokenizer& tokenizer) {
  if (call.kind == Kind::embeddings) return embeddings_body(call, answers);
  const bool chat = call.kind == Kind::chat;
  const auto n = static_cast<std::size_t>(call.n);
  Json list = Json::array();
  for (std::size_t i = 0; i < answers.size(); ++i) {
    list.push_back(chat ? chat_choice(call, id, i, answers[i], form, tokenizer)
                        : completion_choice(call, i, answers[i], answers[i / n * n], tokenizer));
  }
  Json body = {
      {"id", answer_id(call, id)},  {"object", chat ? "chat.completion" : "text_completion"},
      {"created", created},         {"model", call.model},
      {"choices", std::move(list)}, {"usage", usage(call, answers, form, tokenizer)}};
  if (chat && call.prompt_logprobs >= 0) {
    body["prompt_logprobs"] = prompt_logprobs(call, answers.front(), tokenizer);
  }
  return body;
}

}  // namespace openai

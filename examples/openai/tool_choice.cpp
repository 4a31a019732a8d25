#include "tool_choice.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace openai {
namespace {

using tlite::TokenId;

constexpr float kBanned = -std::numeric_limits<float>::infinity();

// What every answer's rule has in common.
struct Rules {
  tlite::Tokenizer tokenizer = tlite::Tokenizer(nullptr);
  std::vector<TokenId> ends;
  std::optional<tlite::ThinkingTokens> thinking;
  // The tokens of each beginning that a call may have, at once and behind thoughts.
  std::vector<std::vector<TokenId>> beginnings;
  std::vector<std::vector<TokenId>> beginnings_behind_thoughts;
  bool must_call = false;
  bool one_call = false;
};

// The tokens are those that the text is encoded to, as the model has learnt them, so that the way
// in which it is cut at its end matters: the object of the arguments begins with one of the tokens
// that an object with a name, an empty one and one on lines of its own begin with.
std::vector<std::vector<TokenId>> beginnings_of(const std::string& before,
                                                const std::vector<std::string>& names,
                                                const tlite::Tokenizer& tokenizer) {
  constexpr std::array<std::string_view, 3> kObjects = {"{\"", "{}", "{\n"};
  std::vector<std::vector<TokenId>> all;
  for (const std::string& name : names) {
    std::string text = before + "<tool_call>\n{\"name\": ";
    const std::size_t begin = text.size();
    text += to_text(name);
    // A name is no place for control tokens.
    const std::array<tlite::TextRange, 1> literal = {tlite::TextRange{begin, text.size()}};
    text += ", \"arguments\": ";
    for (const std::string_view object : kObjects) {
      all.push_back(tokenizer.encode(text + std::string(object),
                                     {.add_special = false, .literal_ranges = literal}));
    }
  }
  return all;
}

class ToolRule {
 public:
  ToolRule(std::shared_ptr<const Rules> rules, const AnswerForm& form, std::size_t prompt_size)
      : rules_(std::move(rules)), parts_(form), read_(prompt_size) {
    if (!rules_->must_call) {
      state_ = State::free;
    } else if (form.inside_thinking) {
      state_ = State::thinking;
    } else {
      begin_at(prompt_size, rules_->beginnings);
    }
  }

  void operator()(std::span<const TokenId> tokens, std::span<float> logits) {
    for (; read_ < tokens.size(); ++read_) observe(tokens);
    switch (state_) {
      case State::free:
        return;
      case State::thinking:
        for (const TokenId end : rules_->ends) ban(logits, end);
        return;
      case State::beginning:
        return allow(logits, next(tokens));
      case State::ended:
        return allow(logits, rules_->ends);
    }
  }

 private:
  enum class State : std::int8_t { thinking, beginning, free, ended };

  void begin_at(std::size_t position, const std::vector<std::vector<TokenId>>& beginnings) {
    state_ = State::beginning;
    begin_ = position;
    beginnings_ = &beginnings;
  }

  // The token at read_.
  void observe(std::span<const TokenId> tokens) {
    const TokenId token = tokens[read_];
    if (state_ == State::thinking) {
      if (token == rules_->thinking->close) {
        begin_at(read_ + 1, rules_->beginnings_behind_thoughts);
      }
    } else if (state_ == State::beginning) {
      const bool opens = rules_->thinking && token == rules_->thinking->open && read_ == begin_;
      if (opens) {
        state_ = State::thinking;
      } else if (is_whole(tokens.subspan(begin_, read_ + 1 - begin_))) {
        state_ = State::free;
      }
    }
    if (!rules_->one_call) return;
    if (static_cast<std::size_t>(token) < rules_->tokenizer.vocabulary_size()) {
      parts_.push(rules_->tokenizer.token_bytes(token));
    }
    if (parts_.calls() > 0) state_ = State::ended;
  }

  bool is_whole(std::span<const TokenId> said) const {
    return std::ranges::any_of(*beginnings_, [&](const std::vector<TokenId>& beginning) {
      return std::ranges::equal(said, beginning);
    });
  }

  // What goes on with one of the beginnings; before them all, thoughts too.
  std::vector<TokenId> next(std::span<const TokenId> tokens) const {
    const std::span<const TokenId> said = tokens.subspan(begin_);
    std::vector<TokenId> allowed;
    for (const std::vector<TokenId>& beginning : *beginnings_) {
      const bool fits = said.size() < beginning.size() &&
                        std::ranges::equal(said, std::span(beginning).first(said.size()));
      if (fits) allowed.push_back(beginning[said.size()]);
    }
    const bool may_think = said.empty() && beginnings_ == &rules_->beginnings;
    if (may_think && rules_->thinking) allowed.push_back(rules_->thinking->open);
    return allowed;
  }

  static void ban(std::span<float> logits, TokenId token) {
    if (static_cast<std::size_t>(token) < logits.size()) {
      logits[static_cast<std::size_t>(token)] = kBanned;
    }
  }

  static void allow(std::span<float> logits, const std::vector<TokenId>& tokens) {
    std::vector<std::pair<std::size_t, float>> kept;
    for (const TokenId token : tokens) {
      const auto i = static_cast<std::size_t>(token);
      if (i < logits.size()) kept.emplace_back(i, logits[i]);
    }
    std::ranges::fill(logits, kBanned);
    for (const auto& [i, logit] : kept) logits[i] = logit;
  }

  std::shared_ptr<const Rules> rules_;
  State state_ = State::free;
  const std::vector<std::vector<TokenId>>* beginnings_ = nullptr;
  std::size_t begin_ = 0;  // where the beginning of the call begins
  AnswerParts parts_;      // where the only call ends
  std::size_t read_;       // tokens of prompt and answer
};

// Whether the answer may end as soon as it has made its call.
bool may_end(const tlite::SamplingParams& sampling) {
  return sampling.min_new_tokens == 0 && sampling.min_length == 0 && !sampling.ignore_eos;
}

}  // namespace

tlite::LogitsProcessor tool_rule(const Call& call, const AnswerForm& form,
                                 const tlite::Model& model, std::size_t prompt_size) {
  if (!form.tools) return {};
  const auto rules = std::make_shared<Rules>();
  rules->tokenizer = model.tokenizer();
  rules->ends = model.info().eos_token_ids;
  rules->must_call = !call.must_call.empty();
  rules->one_call = !form.many_calls && !rules->ends.empty() && may_end(call.sampling);
  if (!rules->must_call && !rules->one_call) return {};
  if (rules->must_call) {
    rules->beginnings = beginnings_of("", call.must_call, rules->tokenizer);
    if (form.thinking) {
      rules->thinking = rules->tokenizer.thinking_tokens();
      // As Qwen3 writes it.
      rules->beginnings_behind_thoughts = beginnings_of("\n\n", call.must_call, rules->tokenizer);
    }
  }
  AnswerForm whole = form;
  whole.stream_arguments = false;  // a call counts when it is one
  return ToolRule(rules, whole, prompt_size);
}

}  // namespace openai

#include "text/end_tokens.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// No template changes it or has it in a text of its own.
constexpr std::string_view kMark = "TLITE-ANSWER";

// By an example, and not by reading the template: what it writes is what the model has seen.
std::optional<std::string> render_answer(const ChatTemplate& chat_template) {
  try {
    return chat_template.render({{"user", "TLITE-QUESTION"}, {"assistant", std::string(kMark)}})
        .text;
  } catch (const Error& error) {
    if (error.code() == ErrorCode::out_of_memory) throw;
    return std::nullopt;  // a template for conversations of another kind
  }
}

// The first special token of a text, if nothing but white space is before it.
std::optional<TokenId> leading_special(const Tokenizer& tokenizer, std::string_view text) {
  for (const TokenId id : tokenizer.encode(text, {.add_special = false})) {
    if (tokenizer.is_special(id)) return id;
    const std::string bytes = tokenizer.token_bytes(id);
    if (bytes.find_first_not_of(" \t\r\n") != std::string::npos) return std::nullopt;
  }
  return std::nullopt;
}

std::optional<TokenId> last_special(const Tokenizer& tokenizer, std::string_view text) {
  const std::vector<TokenId> ids = tokenizer.encode(text, {.add_special = false});
  const auto found =
      std::find_if(ids.rbegin(), ids.rend(), [&](TokenId id) { return tokenizer.is_special(id); });
  return found == ids.rend() ? std::nullopt : std::optional(*found);
}

// What begins a turn does not end one: a template that closes no turn and always opens the next
// would have that token behind the answer.
// Nothing found is no error: the tokens that the files name are there still.
std::optional<TokenId> end_of_turn(const Tokenizer& tokenizer, const ChatTemplate& chat_template) {
  const std::optional<std::string> text = render_answer(chat_template);
  if (!text) return std::nullopt;
  const std::size_t mark = text->find(kMark);
  if (mark == std::string::npos) return std::nullopt;
  const std::string_view all = *text;
  const auto end = leading_special(tokenizer, all.substr(mark + kMark.size()));
  if (end && end == last_special(tokenizer, all.substr(0, mark))) return std::nullopt;
  return end;
}

}  // namespace

std::vector<TokenId> end_tokens(const std::vector<TokenId>& named, const Tokenizer& tokenizer,
                                const ChatTemplate* chat_template) {
  std::vector<TokenId> ids;
  const auto add = [&](std::optional<TokenId> id) {
    if (id && std::find(ids.begin(), ids.end(), *id) == ids.end()) ids.push_back(*id);
  };
  for (const TokenId id : named) add(id);  // a row of padding too: a model may have learnt it
  add(tokenizer.eos_token());
  if (chat_template != nullptr) add(end_of_turn(tokenizer, *chat_template));
  return ids;
}

}  // namespace tlite

// tokenizer_config.json, as transformers' PreTrainedTokenizerFast reads it (4.57): its constructor
// adds what added_tokens_decoder and the special tokens name and the tokenizer does not have.
#include "text/json_field.hpp"
#include "text/tokenizer_json.hpp"

#include <charconv>
#include <map>
#include <string>
#include <utility>

namespace tlite::text {
namespace {

AddedToken read_token(const JsonField& field) {
  AddedToken token;
  if (field.is_string()) {
    token.content = field.string();
    token.special = true;
    return token;
  }
  token.content = field.get("content").string();
  token.special = field.flag("special", false);
  token.normalized = field.flag("normalized", !token.special);
  token.lstrip = field.flag("lstrip", false);
  token.rstrip = field.flag("rstrip", false);
  token.single_word = field.flag("single_word", false);
  return token;
}

// The tokens of added_tokens_decoder, in the order of their ids.
std::map<std::int64_t, AddedToken> read_decoder(const JsonField& field) {
  std::map<std::int64_t, AddedToken> tokens;
  for (const auto [key, value] : field.object()) {
    const JsonField item = field.member(key, value);
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id < 0) {
      item.fail("the key is not a token id");
    }
    tokens.emplace(id, read_token(item));
  }
  return tokens;
}

// A special token given by its text alone keeps the flags that it has.
std::optional<TokenId> add_special(TokenizerSpec& spec, const JsonField& field) {
  AddedToken token = read_token(field);
  const std::string content = token.content;
  if (const AddedToken* known = spec.find_added(content); known != nullptr && field.is_string()) {
    token = *known;
  }
  token.special = true;
  spec.add_token(std::move(token));
  return spec.find(content);
}

void apply_prefix_space(TokenizerSpec& spec, bool prefix_space) {
  auto& steps = spec.pretokenizer;
  const bool is_bare = steps.size() <= 2 && !steps.empty() && steps.back().pattern == kGpt2Pattern;
  const bool has_space = is_bare && steps.front().prefix_space;
  if (!is_bare || has_space == prefix_space) return;
  if (prefix_space) {
    steps.insert(steps.begin(), PretokenizerStep{true, {}});
  } else {
    steps.erase(steps.begin());
  }
}

}  // namespace

void apply_tokenizer_config(TokenizerSpec& spec, std::span<const std::byte> json,
                            std::string_view name) {
  simdjson::dom::parser parser;
  const JsonField root = parse_json(parser, json, name);
  if (root.flag("split_special_tokens", false)) {
    root.get("split_special_tokens").refuse("special tokens that are never recognised");
  }
  if (const auto decoder = root.find("added_tokens_decoder")) {
    for (auto& [id, token] : read_decoder(*decoder)) spec.add_token(std::move(token));
  }
  for (const auto& [key, id] : {std::pair{"bos_token", &spec.bos},
                                {"eos_token", &spec.eos},
                                {"unk_token", static_cast<std::optional<TokenId>*>(nullptr)},
                                {"sep_token", nullptr},
                                {"pad_token", &spec.pad},
                                {"cls_token", nullptr},
                                {"mask_token", nullptr}}) {
    const auto field = root.find(key);
    if (!field) continue;
    const std::optional<TokenId> found = add_special(spec, *field);
    if (id != nullptr) *id = found;
  }
  if (const auto more = root.find("additional_special_tokens")) {
    std::size_t index = 0;
    for (const auto value : more->array()) add_special(spec, more->item(index++, value));
  }
  apply_prefix_space(spec, root.flag("add_prefix_space", false));
}

}  // namespace tlite::text

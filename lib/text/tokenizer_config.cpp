// tokenizer_config.json and the older files beside it, as transformers reads them (5.24): it adds
// what added_tokens_decoder and the special tokens name and the tokenizer does not have.
#include "text/json_field.hpp"
#include "text/tokenizer_json.hpp"

#include <charconv>
#include <map>
#include <optional>
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
std::optional<TokenId> add_special(TokenizerSpec& spec, std::string_view content) {
  AddedToken token{.content = std::string(content), .special = true};
  if (const AddedToken* known = spec.find_added(content)) {
    token = *known;
    if (!known->special) token.normalized = false;
    token.special = true;
  }
  spec.add_token(std::move(token));
  return spec.find(content);
}

std::optional<TokenId> add_special(TokenizerSpec& spec, const JsonField& field) {
  if (field.is_string()) return add_special(spec, field.string());
  AddedToken token = read_token(field);
  const std::string content = token.content;
  token.special = true;
  spec.add_token(std::move(token));
  return spec.find(content);
}

// What transformers' Qwen2Tokenizer has for these where no file says otherwise.
constexpr std::string_view kDefaultToken = "<|endoftext|>";
bool has_default(std::string_view key) {
  return key == "eos_token" || key == "unk_token" || key == "pad_token";
}

// Only where the last step is GPT-2's pattern, ByteLevel's own; a tokenizer with a pattern of its
// own keeps its steps.
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

// The files as one: where a setting stands.
// Files that do not count are not parsed either: one that is broken does no harm then.
class SideFiles {
 public:
  SideFiles(const TokenizerSideFile& config, const TokenizerSideFile& map,
            const TokenizerSideFile& added) {
    if (!config.json.empty()) config_ = parse_json(config_parser_, config.json, config.name);
    if (config_ && config_->find("added_tokens_decoder")) return;
    if (!map.json.empty()) map_ = parse_json(map_parser_, map.json, map.name);
    if (!added.json.empty()) added_ = parse_json(added_parser_, added.json, added.name);
  }

  std::optional<JsonField> of_config(std::string_view key) const {
    return config_ ? config_->find(key) : std::nullopt;
  }
  std::optional<JsonField> find(std::string_view key) const {
    if (auto field = map_ ? map_->find(key) : std::nullopt) return field;
    return of_config(key);
  }
  bool flag(std::string_view key) const { return config_ && config_->flag(key, false); }
  // Special tokens beyond the named ones: transformers 5 writes extra_special_tokens, transformers
  // 4 additional_special_tokens. The newer one counts unless it is empty, and tokenizer_config.json
  // more than the map.
  std::optional<JsonField> extra_tokens() const {
    for (const std::optional<JsonField>& file : {config_, map_}) {
      for (const char* const key : {"extra_special_tokens", "additional_special_tokens"}) {
        auto field = file ? file->find(key) : std::nullopt;
        if (field && !is_empty(*field)) return field;
      }
    }
    return std::nullopt;
  }

  // added_tokens.json: contents to ids, in the order of the ids.
  std::map<std::int64_t, AddedToken> older_tokens() const {
    std::map<std::int64_t, AddedToken> tokens;
    if (!added_) return tokens;
    for (const auto [content, value] : added_->object()) {
      AddedToken token;
      token.content = content;
      token.normalized = true;
      tokens.emplace(added_->member(content, value).integer(), std::move(token));
    }
    return tokens;
  }

 private:
  static bool is_empty(const JsonField& field) {
    return field.is_array() ? field.array().size() == 0
                            : field.is_object() && field.object().size() == 0;
  }

  // The fields are views of what their parsers own.
  simdjson::dom::parser config_parser_, map_parser_, added_parser_;
  std::optional<JsonField> config_, map_, added_;
};

void add_extra_tokens(TokenizerSpec& spec, const JsonField& field) {
  if (field.is_object()) {  // named, for models of several kinds of input
    for (const auto [key, value] : field.object()) add_special(spec, field.member(key, value));
    return;
  }
  std::size_t index = 0;
  for (const auto value : field.array()) add_special(spec, field.item(index++, value));
}

// The id in the file is what the model was trained with; tokens are numbered as they are added.
void add_decoder_token(TokenizerSpec& spec, const JsonField& decoder, std::int64_t id,
                       AddedToken token) {
  for (const AddedToken& known : spec.added_tokens) {
    if (known.id == id && known.content != token.content) {
      decoder.fail("id " + std::to_string(id) + " is \"" + token.content + "\" here and \"" +
                   known.content + "\" in " + spec.name);
    }
  }
  spec.add_token(std::move(token));
}

}  // namespace

// In transformers' order, for tokens are numbered as they are added: the decoder's, the older
// file's, the named ones, the others.
void apply_side_files(TokenizerSpec& spec, const TokenizerSideFile& tokenizer_config,
                      const TokenizerSideFile& special_tokens_map,
                      const TokenizerSideFile& added_tokens, bool older_form) {
  const SideFiles files(tokenizer_config, special_tokens_map, added_tokens);
  if (files.flag("split_special_tokens")) {
    files.of_config("split_special_tokens")->refuse("special tokens that are never recognised");
  }
  if (const auto decoder = files.of_config("added_tokens_decoder")) {
    for (auto& [id, token] : read_decoder(*decoder)) {
      add_decoder_token(spec, *decoder, id, std::move(token));
    }
  }
  for (auto& [id, token] : files.older_tokens()) {
    if (spec.find_added(token.content) == nullptr) spec.add_token(std::move(token));
  }
  for (const auto& [key, id] : {std::pair{"bos_token", &spec.bos},
                                {"eos_token", &spec.eos},
                                {"unk_token", static_cast<std::optional<TokenId>*>(nullptr)},
                                {"sep_token", nullptr},
                                {"pad_token", &spec.pad},
                                {"cls_token", nullptr},
                                {"mask_token", nullptr}}) {
    const auto field = files.find(key);
    if (!field && !(older_form && has_default(key))) continue;
    const std::optional<TokenId> found =
        field ? add_special(spec, *field) : add_special(spec, kDefaultToken);
    if (id != nullptr) *id = found;
  }
  if (const auto extra = files.extra_tokens()) add_extra_tokens(spec, *extra);
  if (!tokenizer_config.json.empty()) apply_prefix_space(spec, files.flag("add_prefix_space"));
  if (older_form && files.flag("add_bos_token") && spec.bos) spec.prefix = {*spec.bos};
  if (older_form && files.flag("add_eos_token") && spec.eos) spec.suffix = {*spec.eos};
}

}  // namespace tlite::text

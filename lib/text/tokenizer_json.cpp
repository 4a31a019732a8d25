// A part that is not known is refused and never skipped: a tokenizer that is nearly right gives a
// model text that it was not trained on, and nobody sees why. Fields of single entries are made
// only for messages where that can be: there are 151,387 merges.
#include "text/tokenizer_json.hpp"

#include "base/utf8.hpp"
#include "text/json_field.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <re2/re2.h>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

// For messages: in quotation marks, and not too long.
std::string quoted(std::string_view text) {
  std::size_t length = std::min<std::size_t>(text.size(), 80);
  while (length > 0 && length < text.size() && is_continuation(text[length])) --length;
  std::string out(1, '"');
  return out.append(text.substr(0, length)).append(1, '"');
}

void read_vocabulary(const JsonField& field, Vocabulary& vocabulary) {
  const simdjson::dom::object object = field.object();
  vocabulary.reserve(object.size());
  for (const auto [token, value] : object) {
    std::int64_t id = 0;
    if (value.get(id) != simdjson::SUCCESS) field.member(quoted(token), value).integer();
    const auto fail = [&, token = token](const std::string& problem) {
      field.fail("token " + quoted(token) + " has id " + std::to_string(id) + problem);
    };
    switch (vocabulary.add(id, token)) {
      case Vocabulary::Added::yes:
        break;
      case Vocabulary::Added::id_out_of_range:
        fail(", outside [0, " + std::to_string(Vocabulary::kMaxId) + "]");
        break;
      case Vocabulary::Added::duplicate_id:
        fail(", which is " + quoted(vocabulary.token(static_cast<TokenId>(id))) + " already");
        break;
      case Vocabulary::Added::duplicate_token:
        fail(" and another one before");
        break;
    }
  }
}

// A merge is two strings, or in files before 2024 one string with a space between.
std::pair<std::string_view, std::string_view> merge_parts(const JsonField& field, std::size_t index,
                                                          simdjson::dom::element value) {
  std::string_view text;
  if (value.get(text) == simdjson::SUCCESS) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
      field.item(index, value).fail(quoted(text) + " is not two tokens with a space between");
    }
    return {text.substr(0, space), text.substr(space + 1)};
  }
  const JsonField item = field.item(index, value);
  const simdjson::dom::array pair = item.array();
  if (pair.size() != 2) item.fail(std::to_string(pair.size()) + " tokens, where two are needed");
  return {item.item(0, pair.at(0).value_unsafe()).string(),
          item.item(1, pair.at(1).value_unsafe()).string()};
}

void read_merges(const JsonField& field, TokenizerSpec& spec) {
  const simdjson::dom::array array = field.array();
  spec.merges.reserve(array.size());
  std::size_t index = 0;
  for (const simdjson::dom::element value : array) {
    const std::size_t at = index++;
    if (std::string_view line; value.get(line) == simdjson::SUCCESS && line.starts_with("#version"))
      continue;
    const auto [left, right] = merge_parts(field, at, value);
    if (const auto missing = spec.add_merge(left, right)) {
      field.item(at, value).fail("no token " + quoted(std::string_view(*missing)) +
                                 " in the vocabulary");
    }
  }
}

// Lines of two tokens with a space between; the first one names the version.
void read_merge_lines(std::string_view text, std::string_view name, TokenizerSpec& spec) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const auto fail = [&](const std::string& problem) {
      throw Error(ErrorCode::corrupt,
                  std::string(name) + ": line " + std::to_string(number) + ": " + problem);
    };
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || line.find(' ', space + 1) != std::string_view::npos) {
      fail(quoted(line) + " is not two tokens with a space between");
    }
    if (const auto missing = spec.add_merge(line.substr(0, space), line.substr(space + 1))) {
      fail("no token " + quoted(std::string_view(*missing)) + " in the vocabulary");
    }
  }
}

void read_model(const JsonField& model, TokenizerSpec& spec) {
  const JsonField type = model.get("type");
  if (type.string() != "BPE") type.refuse("a tokenizer model of type " + quoted(type.string()));
  for (const std::string_view name : {"continuing_subword_prefix", "end_of_word_suffix"}) {
    const auto field = model.find(name);
    if (field && !field->string().empty()) field->refuse(quoted(field->string()));
  }
  if (const auto dropout = model.find("dropout"); dropout && dropout->number() != 0.0) {
    dropout->refuse("dropout while encoding");
  }
  if (model.flag("byte_fallback", false)) model.refuse("byte_fallback");
  spec.ignore_merges = model.flag("ignore_merges", false);
  spec.fuse_unknown = model.flag("fuse_unk", false);
  read_vocabulary(model.get("vocab"), spec.vocabulary);
  read_merges(model.get("merges"), spec);
  if (const auto unknown = model.find("unk_token")) {
    spec.unknown = spec.vocabulary.find(unknown->string());
    if (!spec.unknown)
      unknown->fail("no token " + quoted(unknown->string()) + " in the vocabulary");
  }
}

void read_normalizer(const JsonField& field, TokenizerSpec& spec) {
  const JsonField type = field.get("type");
  if (type.string() == "NFC") {
    spec.normalization = Normalization::nfc;
  } else if (type.string() == "Sequence") {
    const JsonField list = field.get("normalizers");
    std::size_t index = 0;
    for (const auto value : list.array()) read_normalizer(list.item(index++, value), spec);
  } else {
    type.refuse("a normalizer of type " + quoted(type.string()));
  }
}

// Isolated alone: matches and what is between them are pieces, which is what Splitter does.
std::string split_pattern(const JsonField& split) {
  const JsonField behavior = split.get("behavior");
  if (behavior.string() != "Isolated") {
    behavior.refuse("the split behavior " + quoted(behavior.string()));
  }
  if (split.flag("invert", false)) split.refuse("an inverted split");
  const JsonField pattern = split.get("pattern");
  if (const auto text = pattern.find("String")) {
    const std::string_view literal = text->string();
    return RE2::QuoteMeta(re2::StringPiece(literal.data(), literal.size()));
  }
  return std::string(pattern.get("Regex").string());
}

// Returns true when the step is ByteLevel, which has to be the last.
bool read_pretokenizer(const JsonField& field, TokenizerSpec& spec) {
  const JsonField type = field.get("type");
  if (type.string() == "Split") {
    spec.pretokenizer.push_back({false, split_pattern(field)});
    return false;
  }
  if (type.string() == "ByteLevel") {
    if (field.get("add_prefix_space").boolean()) spec.pretokenizer.push_back({true, {}});
    if (field.flag("use_regex", true)) {
      spec.pretokenizer.push_back({false, std::string(kGpt2Pattern)});
    }
    return true;
  }
  if (type.string() != "Sequence") type.refuse("a pre-tokenizer of type " + quoted(type.string()));
  const JsonField list = field.get("pretokenizers");
  bool byte_level = false;
  std::size_t index = 0;
  for (const auto value : list.array()) {
    if (byte_level) list.refuse("a pre-tokenizer after ByteLevel");
    byte_level = read_pretokenizer(list.item(index++, value), spec);
  }
  return byte_level;
}

bool is_byte_level(const JsonField& field, std::string_view list_name) {
  const JsonField type = field.get("type");
  if (type.string() == "ByteLevel") return true;
  if (type.string() != "Sequence") return false;
  const JsonField list = field.get(list_name);
  const simdjson::dom::array array = list.array();
  return array.size() == 1 && is_byte_level(list.item(0, array.at(0).value_unsafe()), list_name);
}

// An id list of TemplateProcessing's special_tokens. The reference takes any number for an id; here
// it must be a token's, because a model is going to look it up.
// Checked against all ids, so added tokens must have been read.
std::vector<TokenId> template_ids(const TokenizerSpec& spec, const JsonField& tokens,
                                  std::string_view name) {
  const JsonField ids = tokens.get(name).get("ids");
  std::vector<TokenId> list;
  std::size_t index = 0;
  for (const auto value : ids.array()) {
    const JsonField item = ids.item(index++, value);
    const std::int64_t id = item.integer();
    if (id < 0 || id >= static_cast<std::int64_t>(spec.id_bound())) {
      item.fail(std::to_string(id) + " is no token id; there are " +
                std::to_string(spec.id_bound()));
    }
    list.push_back(static_cast<TokenId>(id));
  }
  return list;
}

// What TemplateProcessing puts around a text; its template for two texts is not for us.
void read_template_processing(const JsonField& field, TokenizerSpec& spec) {
  const JsonField single = field.get("single");
  std::vector<TokenId> parts[2];
  bool behind = false;
  std::size_t index = 0;
  for (const auto value : single.array()) {
    const JsonField item = single.item(index++, value);
    if (const auto special = item.find("SpecialToken")) {
      const std::vector<TokenId> ids =
          template_ids(spec, field.get("special_tokens"), special->get("id").string());
      parts[behind ? 1 : 0].insert(parts[behind ? 1 : 0].end(), ids.begin(), ids.end());
    } else if (item.get("Sequence").get("id").string() != "A" || behind) {
      item.refuse("a template that is not one text with special tokens around it");
    } else {
      behind = true;
    }
  }
  if (!behind) single.refuse("a template without the text");
  if (!spec.prefix.empty() || !spec.suffix.empty()) field.refuse("a second TemplateProcessing");
  spec.prefix = std::move(parts[0]);
  spec.suffix = std::move(parts[1]);
}

// ByteLevel leaves ids as they are.
void read_post_processor(const JsonField& field, TokenizerSpec& spec) {
  const JsonField type = field.get("type");
  if (type.string() == "ByteLevel") return;
  if (type.string() == "TemplateProcessing") return read_template_processing(field, spec);
  if (type.string() != "Sequence") {
    type.refuse("a post-processor of type " + quoted(type.string()));
  }
  const JsonField list = field.get("processors");
  std::size_t index = 0;
  for (const auto value : list.array()) read_post_processor(list.item(index++, value), spec);
}

// In the order of the list, which is what the reference numbers them by.
void read_added_tokens(const JsonField& field, TokenizerSpec& spec) {
  std::size_t index = 0;
  for (const auto value : field.array()) {
    const JsonField item = field.item(index++, value);
    item.get("id").integer();  // not used by the reference either, but it must be there
    AddedToken token;
    token.content = item.get("content").string();
    token.special = item.get("special").boolean();
    token.normalized = item.get("normalized").boolean();
    token.lstrip = item.get("lstrip").boolean();
    token.rstrip = item.get("rstrip").boolean();
    token.single_word = item.get("single_word").boolean();
    spec.add_token(std::move(token));
  }
}

}  // namespace

TokenizerSpec parse_tokenizer_json(std::span<const std::byte> json, std::string_view name) {
  simdjson::dom::parser parser;
  const JsonField root = parse_json(parser, json, name);
  TokenizerSpec spec;
  spec.name = name;
  if (const auto version = root.find("version"); version && version->string() != "1.0") {
    version->refuse("the format version " + quoted(version->string()));
  }
  // First, since merges and added tokens are given ids by the vocabulary.
  read_model(root.get("model"), spec);
  if (const auto normalizer = root.find("normalizer")) read_normalizer(*normalizer, spec);
  const JsonField pretokenizer = root.get("pre_tokenizer");
  if (!read_pretokenizer(pretokenizer, spec)) {
    pretokenizer.refuse("a pre-tokenizer that does not end in ByteLevel");
  }
  const JsonField decoder = root.get("decoder");
  if (!is_byte_level(decoder, "decoders")) decoder.refuse("a decoder other than ByteLevel");
  if (const auto added = root.find("added_tokens")) read_added_tokens(*added, spec);
  // Last, for it names tokens by their ids.
  if (const auto processor = root.find("post_processor")) read_post_processor(*processor, spec);
  return spec;
}

TokenizerSpec parse_vocabulary_and_merges(std::span<const std::byte> vocabulary,
                                          std::string_view vocabulary_name, std::string_view merges,
                                          std::string_view merges_name) {
  simdjson::dom::parser parser;
  TokenizerSpec spec;
  spec.name = vocabulary_name;
  read_vocabulary(parse_json(parser, vocabulary, vocabulary_name), spec.vocabulary);
  read_merge_lines(merges, merges_name, spec);
  spec.normalization = Normalization::nfc;
  spec.pretokenizer.push_back({false, std::string(kQwen2Pattern)});
  return spec;
}

}  // namespace tlite::text

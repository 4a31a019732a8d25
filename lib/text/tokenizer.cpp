// Encoding, in the order of the reference: repair of UTF-8, added tokens in the text as it is, NFC
// of what is between them, added tokens in that, words, byte pairs. Decoding is a table of bytes by
// id.
#include "base/utf8.hpp"
#include "text/byte_level.hpp"
#include "text/tokenizer_impl.hpp"

#include <algorithm>
#include <utility>

#include <tlite/error.hpp>

namespace tlite {

using text::AddedToken;
using text::Workspace;

// One call of encode.
struct Tokenizer::Impl::Call {
  bool parse_special;
  Workspace& workspace;
  std::vector<TokenId>& ids;
};

namespace {

// Positions inside a word are 32-bit numbers.
constexpr std::size_t kMaxTextBytes = std::size_t{1} << 31;

void check_arguments(std::string_view text, std::span<const TextRange> ranges) {
  if (text.size() > kMaxTextBytes) {
    throw Error(ErrorCode::invalid_argument,
                "encode: a text of " + std::to_string(text.size()) + " bytes, at most " +
                    std::to_string(kMaxTextBytes) + " are taken at once");
  }
  std::size_t done = 0;
  for (const TextRange& range : ranges) {
    if (range.begin < done || range.end < range.begin || range.end > text.size()) {
      throw Error(ErrorCode::invalid_argument,
                  "encode: literal range [" + std::to_string(range.begin) + ", " +
                      std::to_string(range.end) +
                      ") is outside the text or not after the range before it");
    }
    done = range.end;
  }
}

// The parts of sorted ranges inside `piece`, counted from its beginning. Their ends are sorted too:
// the first range that matters is found, not looked for, as a long conversation has thousands of
// pieces and of ranges.
std::vector<TextRange> cut_ranges(std::span<const TextRange> ranges, TextRange piece) {
  std::vector<TextRange> inside;
  auto range = std::upper_bound(
      ranges.begin(), ranges.end(), piece.begin,
      [](std::size_t value, const TextRange& candidate) { return value < candidate.end; });
  for (; range != ranges.end() && range->begin < piece.end; ++range) {
    const std::size_t begin = std::max(range->begin, piece.begin);
    const std::size_t end = std::min(range->end, piece.end);
    if (begin < end) inside.push_back({begin - piece.begin, end - piece.begin});
  }
  return inside;
}

}  // namespace

Tokenizer::Impl::Impl(text::TokenizerSpec tokenizer_spec)
    : spec(std::move(tokenizer_spec)),
      normalizer_(classes_),
      pretokenizer_(spec, classes_),
      bpe_(spec),
      raw_finder_(make_finder(false)),
      normalized_finder_(make_finder(true)) {
  make_bytes();
}

text::AddedTokenFinder Tokenizer::Impl::make_finder(bool normalized) const {
  std::vector<const AddedToken*> tokens;
  std::vector<std::string> forms;
  // Special tokens come first: of two that look alike the first is found, as in the reference.
  for (const bool special : {true, false}) {
    for (const AddedToken& token : spec.added_tokens) {
      if (token.normalized != normalized || token.special != special) continue;
      std::string form = token.content;
      if (normalized && spec.normalization == text::Normalization::nfc) {
        std::string buffer;
        std::vector<text::Edit> edits;
        form = normalizer_.normalize(token.content, buffer, edits);
      }
      tokens.push_back(&token);
      forms.push_back(std::move(form));
    }
  }
  return {std::move(tokens), std::move(forms)};
}

// Once and for all ids, so that decoding is a copy. An added token stands for its content even
// where the vocabulary has the id too.
void Tokenizer::Impl::make_bytes() {
  const std::size_t bound = spec.id_bound();
  std::vector<const AddedToken*> added(bound, nullptr);
  special_.assign(bound, false);
  for (const AddedToken& token : spec.added_tokens) {
    added[static_cast<std::size_t>(token.id)] = &token;
    special_[static_cast<std::size_t>(token.id)] = token.special;
  }
  byte_offsets_.reserve(bound + 1);
  byte_offsets_.push_back(0);
  for (std::size_t id = 0; id < bound; ++id) {
    text::append_token_bytes(bytes_, added[id] != nullptr
                                         ? std::string_view(added[id]->content)
                                         : spec.vocabulary.token(static_cast<TokenId>(id)));
    byte_offsets_.push_back(static_cast<std::uint32_t>(bytes_.size()));
  }
}

std::string_view Tokenizer::Impl::bytes(TokenId id) const {
  if (id < 0 || static_cast<std::size_t>(id) >= id_bound()) {
    throw Error(ErrorCode::invalid_argument, "token id " + std::to_string(id) +
                                                 " is outside the vocabulary [0, " +
                                                 std::to_string(id_bound()) + ")");
  }
  const auto index = static_cast<std::size_t>(id);
  return std::string_view(bytes_).substr(byte_offsets_[index],
                                         byte_offsets_[index + 1] - byte_offsets_[index]);
}

// Words are never empty, and an unused entry of the cache holds the empty word: it is never taken
// for one. What is stored depends on the word alone, so a workspace may serve any text.
void Tokenizer::Impl::encode_word(std::string_view word, Call& call) const {
  Workspace& workspace = call.workspace;
  text::WordCache::Entry* entry = nullptr;
  if (text::WordCache::takes(word)) {
    entry = &workspace.cache.entry(word);
    if (entry->holds(word)) {
      const std::span<const TokenId> tokens = entry->tokens();
      call.ids.insert(call.ids.end(), tokens.begin(), tokens.end());
      return;
    }
  }
  const std::size_t first = call.ids.size();
  std::optional<TokenId> whole;
  if (spec.ignore_merges) whole = spec.vocabulary.find(text::to_byte_level(word));
  if (whole) {
    call.ids.push_back(*whole);
  } else {
    bpe_.encode(word, call.ids, workspace.bpe);
  }
  if (entry != nullptr) entry->store(word, std::span(call.ids).subspan(first));
}

void Tokenizer::Impl::encode_words(std::string_view text, Call& call) const {
  pretokenizer_.split(text, [&](std::string_view word) { encode_word(word, call); });
}

// `normalized` may lie in the workspace, which one call has to itself; no word outlives it.
void Tokenizer::Impl::encode_piece(std::string_view text, std::span<const TextRange> literal,
                                   Call& call) const {
  std::string_view normalized = text;
  std::vector<text::Edit>& edits = call.workspace.edits;
  edits.clear();
  if (spec.normalization == text::Normalization::nfc) {
    normalized = normalizer_.normalize(text, call.workspace.normalized, edits);
  }
  if (normalized_finder_.empty()) return encode_words(normalized, call);
  const std::vector<TextRange> mapped = text::map_ranges(literal, edits);
  normalized_finder_.split(
      normalized, {call.parse_special, mapped}, [&](TextRange range, const AddedToken* token) {
        if (token != nullptr) {
          call.ids.push_back(token->id);
        } else {
          encode_words(normalized.substr(range.begin, range.end - range.begin), call);
        }
      });
}

// Literal ranges are the caller's offsets: they are mapped each time that the text under them
// changes. The workspace is lent for the call and goes back also when it throws, in any state: each
// use clears what it needs.
std::vector<TokenId> Tokenizer::Impl::encode(std::string_view text,
                                             const EncodeOptions& options) const {
  check_arguments(text, options.literal_ranges);
  std::vector<TokenId> ids;
  std::string repaired;
  std::vector<text::Edit> edits;
  const std::string_view valid = text::repair(text, repaired, edits);
  std::vector<TextRange> mapped;
  std::span<const TextRange> literal = options.literal_ranges;
  if (!edits.empty()) {
    mapped = text::map_ranges(literal, edits);
    literal = mapped;
  }
  ids.reserve(valid.size() / 4);
  if (options.add_special) ids = spec.prefix;
  const text::WorkspaceLoan workspace(workspaces_);
  Call call{options.parse_special, *workspace, ids};
  raw_finder_.split(
      valid, {options.parse_special, literal}, [&](TextRange range, const AddedToken* token) {
        if (token != nullptr) {
          ids.push_back(token->id);
          return;
        }
        const auto inside =
            normalized_finder_.empty() ? std::vector<TextRange>() : cut_ranges(literal, range);
        encode_piece(valid.substr(range.begin, range.end - range.begin), inside, call);
      });
  if (options.add_special) ids.insert(ids.end(), spec.suffix.begin(), spec.suffix.end());
  return ids;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text, const EncodeOptions& options) const {
  return impl_->encode(text, options);
}

std::string Tokenizer::decode(std::span<const TokenId> ids, const DecodeOptions& options) const {
  std::string bytes;
  for (const TokenId id : ids) {
    const std::string_view token = impl_->bytes(id);
    if (!(options.skip_special && impl_->is_special(id))) bytes.append(token);
  }
  if (is_valid_utf8(bytes)) return bytes;
  std::string text;
  append_repaired(text, bytes);
  return text;
}

std::string Tokenizer::token_bytes(TokenId id) const { return std::string(impl_->bytes(id)); }

std::optional<TokenId> Tokenizer::token_id(std::string_view token) const {
  return impl_->spec.find(token);
}

bool Tokenizer::is_special(TokenId id) const noexcept { return impl_->is_special(id); }

std::size_t Tokenizer::vocabulary_size() const noexcept { return impl_->id_bound(); }

std::optional<TokenId> Tokenizer::bos_token() const noexcept { return impl_->spec.bos; }
std::optional<TokenId> Tokenizer::eos_token() const noexcept { return impl_->spec.eos; }
std::optional<TokenId> Tokenizer::pad_token() const noexcept { return impl_->spec.pad; }

std::optional<ThinkingTokens> Tokenizer::thinking_tokens() const {
  const std::optional<TokenId> open = token_id("<think>");
  const std::optional<TokenId> close = token_id("</think>");
  if (!open || !close) return std::nullopt;
  return ThinkingTokens{*open, *close};
}

}  // namespace tlite

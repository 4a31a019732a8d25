#include "text/added_tokens.hpp"

#include "base/utf8.hpp"
#include "text/unicode.hpp"

#include <algorithm>

namespace tlite::text {
namespace {

bool word_before(std::string_view text, std::size_t at) {
  return at > 0 &&
         in_ranges(word_ranges(), decode_utf8(text.data() + previous_code_point(text, at)).value);
}

bool word_after(std::string_view text, std::size_t at) {
  return at < text.size() && in_ranges(word_ranges(), decode_utf8(text.data() + at).value);
}

std::size_t skip_space_left(std::string_view text, std::size_t at) {
  while (at > 0) {
    const std::size_t before = previous_code_point(text, at);
    if (!in_ranges(space_ranges(), decode_utf8(text.data() + before).value)) break;
    at = before;
  }
  return at;
}

std::size_t skip_space_right(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    const CodePoint point = decode_utf8(text.data() + at);
    if (!in_ranges(space_ranges(), point.value)) break;
    at += point.length;
  }
  return at;
}

// Ranges without a byte touch nothing. By binary search: a long conversation has thousands of
// ranges.
// True when the range shares a byte with one of the sorted ranges.
bool touches(const TextRange& range, std::span<const TextRange> sorted) {
  auto next = std::upper_bound(
      sorted.begin(), sorted.end(), range.begin,
      [](std::size_t value, const TextRange& candidate) { return value < candidate.end; });
  while (next != sorted.end() && next->begin == next->end && next->begin < range.end) ++next;
  return next != sorted.end() && next->begin < range.end;
}

}  // namespace

AddedTokenFinder::AddedTokenFinder(std::vector<const AddedToken*> tokens,
                                   std::vector<std::string> forms)
    : first_{} {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    patterns_.push_back({std::move(forms[i]), tokens[i]});
  }
  std::stable_sort(patterns_.begin(), patterns_.end(),
                   [](const Pattern& a, const Pattern& b) { return a.form < b.form; });
  // Two tokens may have one normalized form: the first counts.
  const auto same = [](const Pattern& a, const Pattern& b) { return a.form == b.form; };
  patterns_.erase(std::unique(patterns_.begin(), patterns_.end(), same), patterns_.end());
  for (const Pattern& pattern : patterns_) {
    first_[static_cast<unsigned char>(pattern.form[0])] = true;
  }
}

// The sorted patterns serve as a trie: [low, high) are those that agree with the text so far.
bool AddedTokenFinder::find(std::string_view text, std::size_t from, Match& match) const {
  for (std::size_t begin = from; begin < text.size(); ++begin) {
    if (!first_[static_cast<unsigned char>(text[begin])]) continue;
    const AddedToken* longest = nullptr;
    auto low = patterns_.begin();
    auto high = patterns_.end();
    for (std::size_t depth = 0; low != high; ++depth) {
      if (low->form.size() == depth) {
        longest = low->token;
        match.range.end = begin + depth;
        ++low;
      }
      if (begin + depth == text.size()) break;
      const auto byte = static_cast<unsigned char>(text[begin + depth]);
      const auto at = [depth](const Pattern& pattern) {
        return static_cast<unsigned char>(pattern.form[depth]);
      };
      low = std::partition_point(low, high, [&](const Pattern& p) { return at(p) < byte; });
      high = std::partition_point(low, high, [&](const Pattern& p) { return at(p) == byte; });
    }
    if (longest != nullptr) {
      match.range.begin = begin;
      match.token = longest;
      return true;
    }
  }
  return false;
}

// A match that is turned down is passed over as a whole, as in the reference: a shorter token
// inside it is not looked for. What lstrip takes ends where the token before has ended.
void AddedTokenFinder::split(std::string_view text, const SpecialPolicy& policy,
                             Piece piece) const {
  std::size_t done = 0;
  Match match{};
  for (std::size_t from = 0; find(text, from, match); from = match.range.end) {
    const AddedToken& token = *match.token;
    TextRange range = match.range;
    if (token.special && (!policy.parse_special || touches(range, policy.literal_ranges))) continue;
    if (token.single_word && (word_before(text, range.begin) || word_after(text, range.end))) {
      continue;
    }
    if (token.lstrip) range.begin = std::max(skip_space_left(text, range.begin), done);
    if (token.rstrip) range.end = skip_space_right(text, range.end);
    if (done < range.begin) piece({done, range.begin}, nullptr);
    piece(range, &token);
    done = range.end;
  }
  if (done < text.size()) piece({done, text.size()}, nullptr);
}

}  // namespace tlite::text

// Finds added tokens in a text: the leftmost, of those the longest, without overlap, and what their
// flags ask for. After the reference's tokenizer/added_vocabulary.rs.
#pragma once

#include "base/function_ref.hpp"
#include "text/tokenizer_spec.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::text {

// What is not to be recognised; see EncodeOptions.
struct SpecialPolicy {
  bool parse_special = true;
  std::span<const TextRange> literal_ranges = {};
};

// Immutable: any thread may split. The work is O(log tokens) a byte of a possible match, and a look
// into a table of 256 for all others.
class AddedTokenFinder {
 public:
  // A piece of text between added tokens, or (the text without meaning) an added token.
  using Piece = FunctionRef<void(TextRange range, const AddedToken* token)>;

  // `forms[i]` is how tokens[i] looks in the text. The tokens must outlive the finder.
  AddedTokenFinder(std::vector<const AddedToken*> tokens, std::vector<std::string> forms);

  bool empty() const noexcept { return patterns_.empty(); }

  void split(std::string_view text, const SpecialPolicy& policy, Piece piece) const;

 private:
  struct Pattern {
    std::string form;
    const AddedToken* token;
  };
  struct Match {
    TextRange range;
    const AddedToken* token;
  };

  bool find(std::string_view text, std::size_t from, Match& match) const;

  std::vector<Pattern> patterns_;  // sorted by form, which are all different and not empty
  std::array<bool, 256> first_;    // some form begins with this byte
};

}  // namespace tlite::text

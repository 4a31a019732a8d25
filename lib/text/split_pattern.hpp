// A split pattern as tokenizer.json has it, in Oniguruma's syntax, made fit for re2.
//
// re2 differs in three ways that matter. It has no look-ahead: the one that every GPT-like pattern
// ends with, `\s+(?!\S)|\s+`, is taken out and left to the caller. Its `\s` and `\d` are ASCII:
// they are written out. Its \p{L} and \p{N} are of another Unicode version: so are they. Whatever
// else means something different in the two engines is refused by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace tlite::text {

struct SplitPattern {
  // The pattern for re2, with no group but perhaps the first.
  std::string re2;
  // True: group 1 is `\s+`, standing for `\s+(?!\S)|\s+`. When it matches before the end of the
  // text and is longer than one code point, its last code point does not belong to the match.
  bool look_ahead = false;
};

// Throws not_supported, naming the construct; `where` is the file and field for the message.
SplitPattern translate_pattern(std::string_view pattern, std::string_view where);

// The alternatives of a pattern: what stands between `|` outside groups and classes.
std::vector<std::string_view> split_alternatives(std::string_view pattern);

}  // namespace tlite::text

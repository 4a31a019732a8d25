// A string that remembers which of its bytes came out of the conversation.
//
// Everything a template prints is one of these. Ranges follow their bytes through concatenation,
// slicing, trimming, replacing and escaping, so that the rendered prompt can say which parts a user
// typed. Equality and order look at the bytes alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tlite/text_range.hpp>

namespace tlite::jinja {

class Text {
 public:
  Text() = default;
  explicit Text(std::string bytes, bool literal = false) : bytes_(std::move(bytes)) {
    if (literal && !bytes_.empty()) literal_.push_back({0, bytes_.size()});
  }

  const std::string& bytes() const noexcept { return bytes_; }
  std::string_view view() const noexcept { return bytes_; }
  std::size_t size() const noexcept { return bytes_.size(); }
  bool empty() const noexcept { return bytes_.empty(); }
  // Sorted, without overlap or touching neighbours.
  const std::vector<TextRange>& literal() const noexcept { return literal_; }
  // Whether the byte at `position` came out of the conversation.
  bool literal_at(std::size_t position) const noexcept;

  void append(std::string_view bytes, bool literal = false);
  void append(const Text& text) { append(text, 0, text.size()); }
  void append(const Text& text, std::size_t begin, std::size_t end);
  Text substr(std::size_t begin, std::size_t end) const;

 private:
  void append_range(std::size_t begin, std::size_t end);

  std::string bytes_;
  std::vector<TextRange> literal_;
};

// UTF-8 by code points. A byte that begins no valid sequence counts as one character of its own and
// is passed through.

struct Character {
  std::uint32_t code = 0;  // 0x110000 + byte for an invalid byte
  std::size_t size = 0;    // bytes
};

// The character at `position` < text.size().
Character character_at(std::string_view text, std::size_t position) noexcept;
std::size_t count_characters(std::string_view text) noexcept;
// Byte offset of the n-th character; text.size() beyond the last.
std::size_t character_offset(std::string_view text, std::size_t n) noexcept;
void append_character(std::string& out, std::uint32_t code);

// Python's str.isspace, isprintable and the case mappings of one character.
bool is_space(std::uint32_t code) noexcept;
bool is_printable(std::uint32_t code) noexcept;
bool is_alphabetic(std::uint32_t code) noexcept;
bool is_decimal_digit(std::uint32_t code) noexcept;
bool is_upper(std::uint32_t code) noexcept;
bool is_lower(std::uint32_t code) noexcept;
bool is_cased(std::uint32_t code) noexcept;

enum class Case { upper, lower, title };
Text map_case(const Text& text, Case which);
Text capitalize(const Text& text);   // str.capitalize
Text title_words(const Text& text);  // str.title
Text swap_case(const Text& text);

// White space at the ends, as str.strip does.
std::string_view strip_left(std::string_view text) noexcept;
std::string_view strip_right(std::string_view text) noexcept;

// A decimal number that is too large or too small for a double, for which from_chars has no value:
// infinity or zero with its sign, as in Python. strtod would say so too, but in a locale of decimal
// commas it stops at the point.
double beyond_double(std::string_view number) noexcept;

}  // namespace tlite::jinja

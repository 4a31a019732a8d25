#include "jinja/text.hpp"

#include "jinja/special_case.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include <utf8proc.h>

namespace tlite::jinja {
namespace {

constexpr std::uint32_t kInvalid = 0x110000;

utf8proc_category_t category(std::uint32_t code) noexcept {
  return code < kInvalid ? utf8proc_category(static_cast<utf8proc_int32_t>(code))
                         : UTF8PROC_CATEGORY_CN;
}

std::uint32_t simple_case(std::uint32_t code, Case which) noexcept {
  if (code >= kInvalid) return code;
  const auto c = static_cast<utf8proc_int32_t>(code);
  switch (which) {
    case Case::upper:
      return static_cast<std::uint32_t>(utf8proc_toupper(c));
    case Case::lower:
      return static_cast<std::uint32_t>(utf8proc_tolower(c));
    case Case::title:
      return static_cast<std::uint32_t>(utf8proc_totitle(c));
  }
  return code;
}

bool is_case_ignorable(std::uint32_t code) noexcept {
  switch (code) {
    case '\'':
    case '.':
    case ':':
    case 0xB7:
    case 0x387:
    case 0x2018:
    case 0x2019:
    case 0x2024:
    case 0x2027:
      return true;
    default:
      break;
  }
  const utf8proc_category_t kind = category(code);
  return kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_ME ||
         kind == UTF8PROC_CATEGORY_CF || kind == UTF8PROC_CATEGORY_LM ||
         kind == UTF8PROC_CATEGORY_SK;
}

// Unicode's Final_Sigma: a cased letter before, none after, case-ignorable characters skipped.
bool is_final_sigma(std::string_view text, std::size_t position) noexcept {
  bool cased_before = false;
  std::size_t at = position;
  while (at > 0) {
    --at;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
    const std::uint32_t code = character_at(text, at).code;
    if (is_case_ignorable(code)) continue;
    cased_before = is_cased(code);
    break;
  }
  if (!cased_before) return false;
  for (at = position + 2; at < text.size();) {
    const Character next = character_at(text, at);
    if (!is_case_ignorable(next.code)) return !is_cased(next.code);
    at += next.size;
  }
  return true;
}

void append_mapped(Text& out, const Text& text, std::size_t position, Character c, Case which) {
  constexpr std::uint32_t kSigma = 0x3A3;
  constexpr std::uint32_t kFinalSigma = 0x3C2;
  std::string mapped;
  if (c.code >= kInvalid) {
    mapped.assign(text.view().substr(position, c.size));
  } else if (const std::string_view special = special_case(c.code, which); !special.empty()) {
    mapped = special;
  } else if (which == Case::lower && c.code == kSigma && is_final_sigma(text.view(), position)) {
    append_character(mapped, kFinalSigma);
  } else {
    append_character(mapped, simple_case(c.code, which));
  }
  out.append(mapped, text.literal_at(position));
}

template <class Choose>
Text map_characters(const Text& text, Choose choose) {
  Text out;
  for (std::size_t at = 0; at < text.size();) {
    const Character c = character_at(text.view(), at);
    append_mapped(out, text, at, c, choose(c.code));
    at += c.size;
  }
  return out;
}

}  // namespace

bool Text::literal_at(std::size_t position) const noexcept {
  const auto after = std::upper_bound(
      literal_.begin(), literal_.end(), position,
      [](std::size_t value, const TextRange& range) { return value < range.begin; });
  return after != literal_.begin() && position < std::prev(after)->end;
}

void Text::append_range(std::size_t begin, std::size_t end) {
  if (begin == end) return;
  if (!literal_.empty() && literal_.back().end == begin) {
    literal_.back().end = end;
  } else {
    literal_.push_back({begin, end});
  }
}

void Text::append(std::string_view bytes, bool literal) {
  const std::size_t begin = bytes_.size();
  bytes_.append(bytes);
  if (literal) append_range(begin, bytes_.size());
}

void Text::append(const Text& text, std::size_t begin, std::size_t end) {
  const std::size_t base = bytes_.size();
  bytes_.append(text.bytes_, begin, end - begin);
  auto range = std::lower_bound(
      text.literal_.begin(), text.literal_.end(), begin,
      [](const TextRange& candidate, std::size_t value) { return candidate.end <= value; });
  for (; range != text.literal_.end() && range->begin < end; ++range) {
    append_range(base + std::max(range->begin, begin) - begin,
                 base + std::min(range->end, end) - begin);
  }
}

Text Text::substr(std::size_t begin, std::size_t end) const {
  Text out;
  out.append(*this, begin, end);
  return out;
}

Character character_at(std::string_view text, std::size_t position) noexcept {
  const auto first = static_cast<unsigned char>(text[position]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t code = -1;
  const utf8proc_ssize_t size =
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + position),
                       static_cast<utf8proc_ssize_t>(text.size() - position), &code);
  if (size <= 0 || code < 0) return {kInvalid + first, 1};
  return {static_cast<std::uint32_t>(code), static_cast<std::size_t>(size)};
}

std::size_t count_characters(std::string_view text) noexcept {
  std::size_t count = 0;
  for (std::size_t at = 0; at < text.size(); at += character_at(text, at).size) ++count;
  return count;
}

std::size_t character_offset(std::string_view text, std::size_t n) noexcept {
  std::size_t at = 0;
  for (; n > 0 && at < text.size(); --n) at += character_at(text, at).size;
  return at;
}

void append_character(std::string& out, std::uint32_t code) {
  std::array<utf8proc_uint8_t, 4> bytes = {};
  const utf8proc_ssize_t size =
      utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

bool is_space(std::uint32_t code) noexcept {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 ||
         code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 ||
         code == 0x2029 || code == 0x202F || code == 0x205F || code == 0x3000;
}

bool is_printable(std::uint32_t code) noexcept {
  if (code == ' ') return true;
  switch (category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

bool is_alphabetic(std::uint32_t code) noexcept {
  switch (category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return true;
    default:
      return false;
  }
}

bool is_decimal_digit(std::uint32_t code) noexcept {
  return category(code) == UTF8PROC_CATEGORY_ND;
}

bool is_upper(std::uint32_t code) noexcept {
  return code < kInvalid && utf8proc_isupper(static_cast<utf8proc_int32_t>(code)) != 0;
}

bool is_lower(std::uint32_t code) noexcept {
  return code < kInvalid && utf8proc_islower(static_cast<utf8proc_int32_t>(code)) != 0;
}

bool is_cased(std::uint32_t code) noexcept {
  return is_upper(code) || is_lower(code) || category(code) == UTF8PROC_CATEGORY_LT;
}

Text map_case(const Text& text, Case which) {
  return map_characters(text, [which](std::uint32_t) { return which; });
}

Text capitalize(const Text& text) {
  bool first = true;
  return map_characters(text, [&first](std::uint32_t) {
    return std::exchange(first, false) ? Case::title : Case::lower;
  });
}

Text title_words(const Text& text) {
  bool inside = false;
  return map_characters(text, [&inside](std::uint32_t code) {
    return std::exchange(inside, is_cased(code)) ? Case::lower : Case::title;
  });
}

Text swap_case(const Text& text) {
  return map_characters(
      text, [](std::uint32_t code) { return is_upper(code) ? Case::lower : Case::upper; });
}

std::string_view strip_left(std::string_view text) noexcept {
  while (!text.empty()) {
    const Character c = character_at(text, 0);
    if (!is_space(c.code)) break;
    text.remove_prefix(c.size);
  }
  return text;
}

std::string_view strip_right(std::string_view text) noexcept {
  while (!text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
    const Character c = character_at(text, at);
    if (at + c.size != text.size() || !is_space(c.code)) break;
    text.remove_suffix(c.size);
  }
  return text;
}

// Where the first digit that counts stands decides, for none of these numbers is near 1.
double beyond_double(std::string_view number) noexcept {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::size_t end = std::min(number.find_first_of("eE"), number.size());
  const std::string_view mantissa = number.substr(0, end);
  std::string_view digits = number.substr(std::min(end + 1, number.size()));
  if (digits.starts_with('+')) digits.remove_prefix(1);
  std::int64_t exponent = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec == std::errc::result_out_of_range) {
    using Limits = std::numeric_limits<std::int32_t>;  // beyond any count of digits
    exponent = digits.starts_with('-') ? Limits::min() : Limits::max();
  }
  const auto point = static_cast<std::int64_t>(std::min(mantissa.find('.'), mantissa.size()));
  const auto first = static_cast<std::int64_t>(mantissa.find_first_of("123456789"));
  const double size = exponent + point - first > 0 ? std::numeric_limits<double>::infinity() : 0;
  return negative ? -size : size;
}

}  // namespace tlite::jinja

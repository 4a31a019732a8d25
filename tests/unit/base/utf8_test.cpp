#include "base/utf8.hpp"

#include <string>

#include <doctest/doctest.h>
#include <simdjson.h>

namespace tlite {

TEST_CASE("base/utf8: every code point survives writing and reading") {
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    const CodePoint point = decode_utf8(text.data());
    REQUIRE(point.value == c);
    REQUIRE(point.length == text.size());
    const Utf8Sequence sequence = next_utf8(text);
    REQUIRE(sequence.kind == Utf8Sequence::Kind::valid);
    REQUIRE(sequence.length == text.size());
    REQUIRE(previous_code_point(text, text.size()) == 0);
    // Cut short it waits for more, unless told that nothing comes.
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      const std::string part = text.substr(0, cut);
      std::string out;
      REQUIRE(append_repaired(out, part, true) == 0);
      REQUIRE(out.empty());
      REQUIRE(append_repaired(out, part) == cut);
      REQUIRE(out == "\xEF\xBF\xBD");
    }
  }
}

TEST_CASE("base/utf8: the validators agree with simdjson's, on all short inputs") {
  const auto check = [](const std::string& text) {
    REQUIRE(is_valid_utf8(text) == simdjson::validate_utf8(text));
  };
  std::string text(3, '\0');
  for (unsigned i = 0; i < 256; ++i) {
    for (unsigned j = 0; j < 256; ++j) {
      for (const unsigned k : {0x00U, 0x7FU, 0x80U, 0x8FU, 0x90U, 0xBFU, 0xC2U, 0xFFU}) {
        text = {static_cast<char>(i), static_cast<char>(j), static_cast<char>(k)};
        bool valid = true;
        for (std::size_t at = 0; at < text.size();) {
          const Utf8Sequence next = next_utf8(std::string_view(text).substr(at));
          valid = valid && next.kind == Utf8Sequence::Kind::valid;
          at += next.length;
        }
        REQUIRE(valid == is_valid_utf8(text));
        check(text);
        check("eight of ASCII " + text);
        check("\xD1\x8F\xF0\x9F\x98" + text);
        check(text + "\x80 and eight more");
      }
    }
  }
}

}  // namespace tlite

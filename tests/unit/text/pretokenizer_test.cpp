#include "text/pretokenizer.hpp"

#include "base/utf8.hpp"
#include "text/split_pattern.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

const std::string kQwen =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*)"
    R"(|\s*[\r\n]+|\s+(?!\S)|\s+)";

std::string with_numbers(const std::string& numbers) {
  std::string pattern = kQwen;
  return pattern.replace(pattern.find(R"(|\p{N}|)") + 1, 5, numbers);
}

std::vector<std::string> pieces(const Splitter& splitter, std::string_view text) {
  std::vector<std::string> out;
  splitter.split(text, [&](std::string_view piece) { out.emplace_back(piece); });
  return out;
}

std::string random_text(std::mt19937& random) {
  // Many of what the pattern tells apart, and any code point now and then.
  static constexpr char32_t kPoints[] = {
      U'\'',   U's',   U'S',  0x17F,  U't',   U'r',   U'e',     U'v',    U'l',   U'L',
      U'd',    U'm',   U'я',  U'中',  U'1',   U'٣',   U'½',     U' ',    U' ',   U' ',
      U'\n',   U'\r',  U'\t', 0x85,   0xA0,   0x3000, 0x2028,   U'!',    U'_',   0x301,
      0x1F600, 0x200D, 0x1C,  0x180E, 0x200B, 0x378,  0x10FFFF, 0x11F02, 0x1E4F0};
  std::string text;
  for (auto left = random() % 24; left > 0; --left) {
    char32_t point = kPoints[random() % std::size(kPoints)];
    if (random() % 16 == 0) point = static_cast<char32_t>(random() % 0xD800);
    append_utf8(text, point);
  }
  return text;
}

}  // namespace

TEST_CASE("text/pretokenizer: the scanner splits as re2 does") {
  const CharClasses classes;
  std::mt19937 random(1);
  for (const std::string& pattern : {kQwen, with_numbers(R"(\p{N}{1,3})")}) {
    const auto scanner = make_scanning_splitter(pattern, classes);
    const auto regex = make_regex_splitter(pattern, "test");
    REQUIRE(scanner != nullptr);
    for (int round = 0; round < 20000; ++round) {
      const std::string text = random_text(random);
      CAPTURE(text);
      REQUIRE(pieces(*scanner, text) == pieces(*regex, text));
    }
  }
}

TEST_CASE("text/pretokenizer: the scanner takes no pattern but its own") {
  const CharClasses classes;
  CHECK(make_scanning_splitter(with_numbers(R"(\p{N}+)"), classes) == nullptr);
  CHECK(make_scanning_splitter(kGpt2Pattern, classes) == nullptr);
  CHECK(make_scanning_splitter(kQwen + "|x", classes) == nullptr);
}

TEST_CASE("text/pretokenizer: white space before a word leaves its last code point to it") {
  const auto splitter = make_regex_splitter(kGpt2Pattern, "test");
  using Pieces = std::vector<std::string>;
  CHECK(pieces(*splitter, "a   b") == Pieces{"a", "  ", " b"});
  CHECK(pieces(*splitter, "a\u3000\u3000b ") == Pieces{"a", "\u3000", "\u3000", "b", " "});
  CHECK(pieces(*splitter, "it's  ") == Pieces{"it", "'s", "  "});
}

TEST_CASE("text/split_pattern: what re2 would understand otherwise is refused by name") {
  const std::pair<const char*, const char*> cases[] = {
      {R"(a(?!b))", "the group \"(?!\""},
      {R"(\s+(?!\S)|x|\s+)", "the group \"(?!\""},
      {R"((?<=a)b)", "the group \"(?<=\""},
      {R"((?>a))", "the group \"(?>\""},
      {R"((?<name>a))", "the group \"(?<\""},
      {R"(a++)", "a possessive quantifier"},
      {R"(\p{L}?+x)", "a possessive quantifier"},
      {R"(^a)", "an anchor"},
      {R"(a$)", "an anchor"},
      {R"(\bword)", "\"\\b\""},
      {R"(\w+)", "\"\\w\""},
      {R"(\1)", "\"\\1\""},
      {R"(a\)", "\"\\\""},
      {R"([a[bc]])", "a class inside a class"},
      {R"([a&&b])", "an intersection of classes"},
      {R"([]a])", "a class that begins with \"]\""},
      {R"(a{,3})", "\"{\" without a count"},
      {R"(\pL)", "\"\\p\" without braces"},
  };
  for (const auto& [pattern, what] : cases) {
    const std::string want =
        "f.json: pre_tokenizer: not supported: " + std::string(what) + " in the pattern";
    try {
      make_regex_splitter(pattern, "f.json: pre_tokenizer");
      FAIL("no error for " << std::string(pattern));
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::not_supported);
      CHECK(std::string(error.what()).substr(0, want.size()) == want);
    }
  }
  for (const char* pattern : {"a*", "(a", "\\p{Nonsense}", "[a", "a{1,2000}{1,2000}"}) {
    CAPTURE(std::string(pattern));
    CHECK_THROWS_AS(make_regex_splitter(pattern, "x"), Error);
  }
}

TEST_CASE("text/split_pattern: text between matches becomes pieces") {
  const auto splitter = make_regex_splitter(R"([\p{Lu}]\p{Ll}*|\d)", "test");
  CHECK(pieces(*splitter, "аБв12 Г") == std::vector<std::string>{"а", "Бв", "1", "2", " ", "Г"});
}

}  // namespace tlite::text

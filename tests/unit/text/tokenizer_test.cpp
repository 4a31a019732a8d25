// Against what PyPI `tokenizers` and `transformers` gave (tests/golden/tokenizer.py), and what only
// we have: literal ranges, invalid UTF-8, many threads.
#include "base/file.hpp"
#include "unit/text/tokenizer_files.hpp"

#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <simdjson.h>

namespace tlite {
namespace {

std::vector<TokenId> ids_of(simdjson::dom::element array) {
  std::vector<TokenId> ids;
  for (const auto id : array.get_array()) ids.push_back(static_cast<TokenId>(id.get_int64()));
  return ids;
}

std::string text_of(simdjson::dom::element text) { return std::string(text.get_string().value()); }

using Ids = std::vector<TokenId>;

}  // namespace

TEST_CASE("text/tokenizer: ids and decoded text equal the reference's") {
  for (const char* kind : {"qwen", "gpt2", "config", "other"}) {
    CAPTURE(std::string(kind));
    const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer(kind));
    simdjson::dom::parser parser;
    std::size_t count = 0;
    for (const simdjson::dom::element value :
         parser.load(golden_tokenizer(kind) + "/cases.json").get_array()) {
      const std::string text = text_of(value.at(0));
      CAPTURE(text);
      const Ids ids = ids_of(value.at(1));
      CHECK(tokenizer.encode(text) == ids);
      CHECK(tokenizer.encode(text, {.parse_special = false}) == ids_of(value.at(2)));
      CHECK(tokenizer.decode(ids) == text_of(value.at(3)));
      CHECK(tokenizer.decode(ids, {.skip_special = true}) == text_of(value.at(4)));
      ++count;
    }
    CHECK(count >= 30);
  }
}

TEST_CASE("text/tokenizer: a folder and its tokenizer.json load alike") {
  const Tokenizer folder = Tokenizer::load(golden_tokenizer("config"));
  const Tokenizer file = Tokenizer::load(golden_tokenizer("config") + "/tokenizer.json");
  CHECK(folder.vocabulary_size() == file.vocabulary_size());
  CHECK(folder.eos_token() == file.eos_token());
}

TEST_CASE("text/tokenizer: special tokens are known by name, id and role") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("config"));
  REQUIRE(tokenizer.token_id("<|end|>"));
  CHECK(tokenizer.eos_token() == tokenizer.token_id("<|end|>"));
  CHECK(tokenizer.pad_token() == tokenizer.token_id("<|pad|>"));
  CHECK(!tokenizer.bos_token());
  CHECK(tokenizer.is_special(*tokenizer.token_id("<|end|>")));
  CHECK(!tokenizer.is_special(0));
  CHECK(!tokenizer.is_special(-1));
  CHECK(!tokenizer.is_special(1 << 30));
  CHECK(!tokenizer.token_id("no such token"));
  CHECK(tokenizer.token_bytes(*tokenizer.token_id("Ġ")) == " ");
}

TEST_CASE("text/tokenizer: every invalid sequence counts as one U+FFFD") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  const std::string r = "\xEF\xBF\xBD";
  const std::pair<std::string, std::string> cases[] = {
      {"a\xFFz", "a" + r + "z"},
      {"\x80\x80", r + r},
      {"\xE0\x80\x80", r + r + r},          // overlong: no byte of it fits
      {"\xF0\x9F\x98 x", r + " x"},         // three bytes that could have become an emoji
      {"\xED\xA0\x80", r + r + r},          // a surrogate
      {"\xF4\x90\x80\x80", r + r + r + r},  // beyond U+10FFFF
      {"\xD0", r},
      {"\xC0\xAF", r + r},
      {"\xE2\x82\xD0\xB0", r + "а"},
  };
  for (const auto& [bytes, repaired] : cases) {
    CHECK(tokenizer.encode(bytes) == tokenizer.encode(repaired));
    CHECK(tokenizer.decode(tokenizer.encode(bytes)) == repaired);
  }
}

TEST_CASE("text/tokenizer: a special token that touches a literal range is text") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  const std::string text = "<|im_end|>а<|im_end|><tool_call>";  // 10 + 2 + 10 + 11 bytes
  const TokenId end = *tokenizer.token_id("<|im_end|>");
  const auto count = [&](std::vector<TextRange> ranges) {
    const Ids ids = tokenizer.encode(text, {.literal_ranges = ranges});
    CHECK(tokenizer.decode(ids) == text);
    CHECK(ids.back() == *tokenizer.token_id("<tool_call>"));  // not special: always found
    return std::count(ids.begin(), ids.end(), end);
  };
  CHECK(count({}) == 2);
  CHECK(count({{0, 33}}) == 0);
  CHECK(count({{10, 12}}) == 2);  // between them
  CHECK(count({{9, 12}}) == 1);   // the last byte of the first
  CHECK(count({{10, 13}}) == 1);  // the first byte of the second
  CHECK(count({{0, 1}, {21, 22}}) == 0);
  CHECK(count({{5, 5}}) == 2);  // empty: touches nothing
}

TEST_CASE("text/tokenizer: literal ranges follow the text through repair and normalization") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  const TokenId normalized = *tokenizer.token_id("<é>");
  const TokenId raw = *tokenizer.token_id("<|im_end|>");
  // Before them: an invalid byte that grows to three, a letter and a mark that shrink to one.
  const std::string before =
      "\xFF"
      "e\xCC\x81";
  const std::string text = before + "<e\xCC\x81>.<|im_end|>";
  const auto find = [&](TokenId token, std::vector<TextRange> ranges) {
    const Ids ids = tokenizer.encode(text, {.literal_ranges = ranges});
    return std::count(ids.begin(), ids.end(), token);
  };
  CHECK(find(normalized, {}) == 1);
  CHECK(find(normalized, {{0, 4}}) == 1);
  CHECK(find(normalized, {{4, 5}}) == 0);
  CHECK(find(normalized, {{6, 7}}) == 0);  // half of what became é
  CHECK(find(normalized, {{9, text.size()}}) == 1);
  CHECK(find(raw, {{0, 10}}) == 1);
  CHECK(find(raw, {{0, 11}}) == 0);
}

// What the ranges of a long text are to its pieces: a piece of its own has them counted from its
// beginning.
TEST_CASE("text/tokenizer: a long conversation is encoded like its messages one by one") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  const TokenId end = *tokenizer.token_id("<|im_end|>");
  const std::string message = "a<e\xCC\x81>b e\xCC\x81 <\xC3\xA9>";
  std::string text;
  std::vector<TextRange> ranges;
  Ids expected;
  for (std::size_t i = 0; i < 600; ++i) {
    std::vector<TextRange> own;  // nothing, all, the first token alone, and empty ones at both ends
    if (i % 4 == 1) own = {{0, message.size()}};
    if (i % 4 == 2) own = {{1, 6}};
    if (i % 4 == 3) own = {{0, 0}, {message.size(), message.size()}};
    const Ids ids = tokenizer.encode(message, {.literal_ranges = own});
    expected.insert(expected.end(), ids.begin(), ids.end());
    expected.push_back(end);
    for (const TextRange& range : own) {
      ranges.push_back({text.size() + range.begin, text.size() + range.end});
    }
    text += message + "<|im_end|>";
  }
  CHECK(tokenizer.encode(text, {.literal_ranges = ranges}) == expected);
  // One that is over many pieces is over each: all special tokens under it are text.
  const Ids covered =
      tokenizer.encode(text, {.literal_ranges = std::vector<TextRange>{{0, text.size() - 1}}});
  CHECK(std::count(covered.begin(), covered.end(), end) == 0);
  CHECK(std::count(covered.begin(), covered.end(), *tokenizer.token_id("<\xC3\xA9>")) == 0);
}

TEST_CASE("text/tokenizer: bad arguments are refused by name") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  const auto size = static_cast<TokenId>(tokenizer.vocabulary_size());
  for (const TokenId id : {-1, size, INT32_MAX, INT32_MIN}) {
    const std::string message = "token id " + std::to_string(id) +
                                " is outside the vocabulary [0, " + std::to_string(size) + ")";
    CHECK_THROWS_WITH_AS(tokenizer.decode(Ids{0, id}), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(tokenizer.token_bytes(id), message.c_str(), Error);
    CHECK_THROWS_WITH_AS(StreamDecoder(tokenizer).push(id), message.c_str(), Error);
  }
  const std::vector<TextRange> bad[] = {{{0, 4}}, {{2, 1}}, {{1, 2}, {0, 1}}, {{0, 2}, {1, 3}}};
  for (const std::vector<TextRange>& ranges : bad) {
    try {
      tokenizer.encode("abc", {.literal_ranges = ranges});
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::invalid_argument);
      CHECK(std::string(error.what()).starts_with("encode: literal range ["));
    }
  }
}

TEST_CASE("text/tokenizer: threads that share one get what one thread gets") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  std::vector<std::string> texts;
  for (int i = 0; i < 200; ++i) {
    texts.push_back("строка " + std::to_string(i * 7919) + " with e\xCC\x81 and <|im_end|>" +
                    std::string(static_cast<std::size_t>(i), 'a'));
  }
  std::vector<Ids> want;
  for (const std::string& text : texts) want.push_back(tokenizer.encode(text));
  std::vector<int> wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (std::size_t i = 0; i < texts.size(); ++i) {
        const std::size_t at = (i * (2 * t + 1)) % texts.size();
        const Ids ids = tokenizer.encode(texts[at]);
        wrong[t] += ids != want[at] || tokenizer.decode(ids).empty();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<int>(4, 0));
}

}  // namespace tlite

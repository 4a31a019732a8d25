#include "base/utf8.hpp"
#include "unit/text/tokenizer_files.hpp"

#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

TEST_CASE("text/stream_decoder: pieces are whole code points and add up to decode") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  std::mt19937 random(5);
  std::uniform_int_distribution<TokenId> any(0,
                                             static_cast<TokenId>(tokenizer.vocabulary_size()) - 1);
  std::uniform_int_distribution<TokenId> byte(0, 255);  // most often no valid UTF-8
  const std::vector<TokenId> emoji = tokenizer.encode("😀é中");
  for (int round = 0; round < 2000; ++round) {
    std::vector<TokenId> ids;
    for (int i = 0; i < round % 40; ++i) ids.push_back(i % 3 == 0 ? any(random) : byte(random));
    if (round % 2 == 0) ids.insert(ids.begin() + round % 40 / 2, emoji.begin(), emoji.end() - 1);
    for (const bool skip : {false, true}) {
      StreamDecoder decoder(tokenizer, {.skip_special = skip});
      std::string text;
      for (const TokenId id : ids) {
        const std::string_view piece = decoder.push(id);
        CHECK(is_valid_utf8(piece));
        text += piece;
      }
      text += decoder.finish();
      CHECK(text == tokenizer.decode(ids, {.skip_special = skip}));
      CHECK(decoder.finish().empty());
    }
  }
}

TEST_CASE("text/stream_decoder: nothing is held back once a character is whole") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("gpt2"));
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const TokenId id : tokenizer.encode(" Привет")) text += decoder.push(id);
  CHECK(text == " Привет");
  CHECK(decoder.finish().empty());
}

TEST_CASE("text/stream_decoder: an incomplete character at the end is U+FFFD, once") {
  const Tokenizer tokenizer = Tokenizer::load(golden_tokenizer("qwen"));
  StreamDecoder decoder(tokenizer);
  for (const char* token : {"ð", "Ł", "ĺ"}) CHECK(decoder.push(*tokenizer.token_id(token)).empty());
  CHECK(decoder.finish() == "\xEF\xBF\xBD");
  CHECK(decoder.push(*tokenizer.token_id("a")) == "a");
}

}  // namespace tlite

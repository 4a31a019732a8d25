// Files that are broken, hostile or of another kind: the code and the text of each error.
#include "base/file.hpp"
#include "unit/text/tokenizer_files.hpp"

#include <string>
#include <string_view>

#include <doctest/doctest.h>

namespace tlite {
namespace {

// A small valid file; tests replace a part of it.
constexpr std::string_view kGood = R"({"version": "1.0",
 "added_tokens": [{"id": 3, "content": "<e>", "single_word": false, "lstrip": false,
                   "rstrip": false, "normalized": false, "special": true}],
 "normalizer": {"type": "NFC"},
 "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "use_regex": true},
 "post_processor": null,
 "decoder": {"type": "ByteLevel"},
 "model": {"type": "BPE", "dropout": null, "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]}})";

std::string with(std::string_view part, std::string_view replacement) {
  std::string json(kGood);
  const std::size_t at = json.find(part);
  REQUIRE(at != std::string::npos);
  return json.replace(at, part.size(), replacement);
}

void check_error(const std::string& json, ErrorCode code, std::string_view message,
                 const std::string& config = {}) {
  CAPTURE(json.substr(0, 400));
  CAPTURE(config);
  try {
    load_json(json, config);
    FAIL("no error, wanted: " << std::string(message));
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CHECK(std::string(error.what()) == message);
  }
}

struct Case {
  std::string_view part;
  std::string_view replacement;
  std::string_view message;
};

}  // namespace

TEST_CASE("text/tokenizer_json: the file that the cases below break loads") {
  const Tokenizer tokenizer = load_json(std::string(kGood));
  CHECK(tokenizer.encode("abba<e>") == std::vector<TokenId>{2, 1, 0, 3});
  CHECK(tokenizer.vocabulary_size() == 4);
  const Tokenizer arrays = load_json(with(R"(["a b"])", R"([["a", "b"]])"));
  CHECK(arrays.encode("ab") == std::vector<TokenId>{2});
}

TEST_CASE("text/tokenizer_json: fields that contradict themselves or the format are corrupt") {
  const std::string f = "model/tokenizer.json: ";
  const Case cases[] = {
      {R"("a": 0)", R"("a": "0")", "model.vocab.\"a\": a whole number is needed, not \"0\""},
      {R"("a": 0)", R"("a": 0.5)", "model.vocab.\"a\": a whole number is needed, not 0.5"},
      {R"("a": 0)", R"("a": -1)", "model.vocab: token \"a\" has id -1, outside [0, 4194303]"},
      {R"("a": 0)", R"("a": 4294967296)",
       "model.vocab: token \"a\" has id 4294967296, outside [0, 4194303]"},
      {R"("b": 1)", R"("b": 0)", "model.vocab: token \"b\" has id 0, which is \"a\" already"},
      {R"("b": 1)", R"("a": 7)", "model.vocab: token \"a\" has id 7 and another one before"},
      {R"({"a": 0, "b": 1, "ab": 2})", "[]", "model.vocab: an object is needed, not an array"},
      {R"("vocab")", R"("words")", "model: \"vocab\" is missing"},
      {R"(["a b"])", "7", "model.merges: an array is needed, not a number"},
      {R"("a b")", R"("a c")", "model.merges[0]: no token \"c\" in the vocabulary"},
      {R"("a b")", R"("b a")", "model.merges[0]: no token \"ba\" in the vocabulary"},
      {R"("a b")", R"("ab")", "model.merges[0]: \"ab\" is not two tokens with a space between"},
      {R"("a b")", R"("a b c")",
       "model.merges[0]: \"a b c\" is not two tokens with a space between"},
      {R"("a b")", R"(["a"])", "model.merges[0]: 1 tokens, where two are needed"},
      {R"("a b")", R"(["a", 1])", "model.merges[0][1]: a string is needed, not a number"},
      {R"("a b")", "null", "model.merges[0]: an array is needed, not null"},
      {R"("type": "BPE", )", "", "model: \"type\" is missing"},
      {R"("type": "BPE")", R"("type": {})", "model.type: a string is needed, not an object"},
      {R"("dropout": null)", R"("unk_token": "?")",
       "model.unk_token: no token \"?\" in the vocabulary"},
      {R"("dropout": null)", R"("ignore_merges": 1)",
       "model.ignore_merges: true or false is needed, not a number"},
      {R"({"type": "NFC"})", "[]", "normalizer: an object is needed, not an array"},
      {R"("add_prefix_space": false, )", "", "pre_tokenizer: \"add_prefix_space\" is missing"},
      {R"("special": true)", R"("special": "yes")",
       "added_tokens[0].special: true or false is needed, not a string"},
      {R"(, "special": true)", "", "added_tokens[0]: \"special\" is missing"},
      {R"("content": "<e>")", R"("content": 5)",
       "added_tokens[0].content: a string is needed, not a number"},
  };
  for (const Case& c : cases) {
    check_error(with(c.part, c.replacement), ErrorCode::corrupt, f + std::string(c.message));
  }
  check_error("[]", ErrorCode::corrupt, "model/tokenizer.json: an object is needed, not an array");
  check_error("{}", ErrorCode::corrupt, "model/tokenizer.json: \"model\" is missing");
}

TEST_CASE("text/tokenizer_json: other kinds of tokenizers are refused by name") {
  const std::string f = "model/tokenizer.json: ";
  const Case cases[] = {
      {R"("type": "BPE")", R"("type": "Unigram")",
       "model.type|a tokenizer model of type \"Unigram\""},
      {R"("type": "BPE")", R"("type": "WordPiece")",
       "model.type|a tokenizer model of type \"WordPiece\""},
      {R"("dropout": null)", R"("dropout": 0.1)", "model.dropout|dropout while encoding"},
      {R"("dropout": null)", R"("byte_fallback": true)", "model|byte_fallback"},
      {R"("dropout": null)", R"("end_of_word_suffix": "</w>")",
       "model.end_of_word_suffix|\"</w>\""},
      {R"("type": "NFC")", R"("type": "NFKC")", "normalizer.type|a normalizer of type \"NFKC\""},
      {R"("type": "NFC")", R"("type": "Sequence", "normalizers": [{"type": "Lowercase"}])",
       "normalizer.normalizers[0].type|a normalizer of type \"Lowercase\""},
      {R"({"type": "ByteLevel", "add_prefix_space")", R"({"type": "Metaspace", "add_prefix_space")",
       "pre_tokenizer.type|a pre-tokenizer of type \"Metaspace\""},
      {R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})",
       R"({"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Removed", "invert": false})",
       "pre_tokenizer.behavior|the split behavior \"Removed\""},
      {R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})",
       R"({"type": "Split", "pattern": {"Regex": "a"}, "behavior": "Isolated", "invert": false})",
       "pre_tokenizer|a pre-tokenizer that does not end in ByteLevel"},
      {R"("post_processor": null)", R"("post_processor": {"type": "RobertaProcessing"})",
       "post_processor.type|a post-processor of type \"RobertaProcessing\""},
      {R"("decoder": {"type": "ByteLevel"})", R"("decoder": {"type": "Metaspace"})",
       "decoder|a decoder other than ByteLevel"},
      {R"("version": "1.0")", R"("version": "2.0")", "version|the format version \"2.0\""},
  };
  for (const Case& c : cases) {
    std::string message(c.message);
    message.replace(message.find('|'), 1, ": not supported: ");
    check_error(with(c.part, c.replacement), ErrorCode::not_supported, f + message);
  }
}

TEST_CASE("text/tokenizer_json: a file cut short anywhere is an error") {
  for (std::size_t size = 0; size < kGood.size(); ++size) {
    CAPTURE(size);
    try {
      load_json(std::string(kGood.substr(0, size)));
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt);
      CHECK(std::string(error.what()).starts_with("model/tokenizer.json: not JSON: "));
    }
  }
}

TEST_CASE("text/tokenizer_json: nesting without end is an error") {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string bomb;
    for (int i = 0; i < 100000; ++i) bomb += open;
    try {
      load_json(bomb);
      FAIL("no error");
    } catch (const Error& error) {
      CHECK(error.code() == ErrorCode::corrupt);
    }
  }
  std::string nested = R"({"type": "NFC"})";
  for (int i = 0; i < 2000; ++i) {
    nested = R"({"type": "Sequence", "normalizers": [)" + nested + "]}";
  }
  CHECK_THROWS_AS(load_json(with(R"({"type": "NFC"})", nested)), Error);
}

TEST_CASE("text/tokenizer_json: a folder or file that is not there is named") {
  CHECK_THROWS_WITH_AS(Tokenizer::load("/no/such/модель"),
                       "/no/such/модель: cannot open: No such file or directory", Error);
}

TEST_CASE("text/tokenizer_config: errors name the file and the field") {
  const std::string f = "model/tokenizer_config.json";
  const std::string good(kGood);
  check_error(good, ErrorCode::corrupt, f + ": an object is needed, not an array", "[]");
  check_error(good, ErrorCode::corrupt, f + ": eos_token: an object is needed, not a number",
              R"({"eos_token": 3})");
  check_error(good, ErrorCode::corrupt, f + ": added_tokens_decoder.x: the key is not a token id",
              R"({"added_tokens_decoder": {"x": {"content": "y"}}})");
  check_error(good, ErrorCode::corrupt, f + ": added_tokens_decoder.5: \"content\" is missing",
              R"({"added_tokens_decoder": {"5": {}}})");
  check_error(good, ErrorCode::not_supported,
              f + ": split_special_tokens: not supported: special tokens that are never recognised",
              R"({"split_special_tokens": true})");
}

TEST_CASE("text/tokenizer_config: the end of text may be a string, an object or null") {
  const std::string good(kGood);
  CHECK(load_json(good, R"({"eos_token": "<e>"})").eos_token() == 3);
  CHECK(load_json(good, R"({"eos_token": {"content": "<e>"}})").eos_token() == 3);
  CHECK(!load_json(good, R"({"eos_token": null})").eos_token());
  const Tokenizer added = load_json(good, R"({"eos_token": "<new>"})");
  CHECK(added.eos_token() == 4);
  CHECK(added.encode("a<new>") == std::vector<TokenId>{0, 4});
}

}  // namespace tlite

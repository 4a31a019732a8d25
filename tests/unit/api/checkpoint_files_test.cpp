// The small files of a checkpoint in the forms that releases of transformers left behind: what
// counts is what transformers 5.24 makes of them (tests/golden/checkpoint_files.py).
#include "unit/support/errors.hpp"
#include "unit/support/memory_files.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <simdjson.h>

#include <tlite/chat.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;
using test::MemoryFiles;

std::string text_of(element value) {
  if (value.is_string()) return std::string(value.get_string().value());
  return simdjson::minify(value);
}

std::vector<TokenId> ids_of(element value) {
  std::vector<TokenId> ids;
  for (const element id : value.get_array()) ids.push_back(static_cast<TokenId>(id.get_int64()));
  return ids;
}

// tokenizer.json as the generator writes it, put together from the parts in the golden file.
std::string tokenizer_json(element golden, element processor) {
  const std::string byte_level =
      R"({"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false})";
  std::string added;
  std::size_t id = object(golden["vocabulary"]).size();
  for (const element token : golden["added"].get_array()) {
    added += (added.empty() ? "" : ",") + std::string(R"({"id":)") + std::to_string(id++) +
             R"(,"content":)" + simdjson::minify(token) +
             R"(,"special":true,"normalized":false,"lstrip":false,"rstrip":false,)" +
             R"("single_word":false})";
  }
  return R"({"version":"1.0","added_tokens":[)" + added +
         R"(],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[)" +
         R"({"type":"Split","behavior":"Isolated","invert":false,"pattern":{"Regex":)" +
         simdjson::minify(golden["split"]) + "}}," + byte_level + R"(]},"post_processor":)" +
         simdjson::minify(processor) + R"(,"decoder":)" + byte_level +
         R"(,"model":{"type":"BPE","vocab":)" + simdjson::minify(golden["vocabulary"]) +
         R"(,"merges":)" + simdjson::minify(golden["merges"]) + "}}";
}

std::string merge_lines(element golden) {
  std::string text = "#version: 0.2\r\n";
  for (const element merge : golden["merges"].get_array()) {
    text += text_of(merge.at(0)) + " " + text_of(merge.at(1)) + "\r\n";
  }
  return text;
}

struct Golden {
  simdjson::dom::parser parser;
  element root =
      parser.load(std::string(TLITE_SOURCE_DIR) + "/tests/golden/data/checkpoint_files.json");
};

Host host_of(std::shared_ptr<MemoryFiles> files) {
  Host host;
  host.files = std::move(files);
  return host;
}

}  // namespace

TEST_CASE("api/checkpoint_files: every form of a tokenizer gives transformers' ids") {
  Golden golden;
  const std::string text = text_of(golden.root["text"]);
  std::size_t count = 0;
  for (const element item : golden.root["tokenizers"].get_array()) {
    const std::string name = text_of(item["name"]);
    CAPTURE(name);
    const auto files = std::make_shared<MemoryFiles>();
    if (bool(item["older_form"])) {
      (*files)["m/vocab.json"] = text_of(golden.root["vocabulary"]);
      (*files)["m/merges.txt"] = merge_lines(golden.root);
    } else {
      (*files)["m/tokenizer.json"] = tokenizer_json(golden.root, item["post_processor"]);
    }
    for (const auto file : object(item["files"])) {
      (*files)["m/" + std::string(file.key) + ".json"] = text_of(file.value);
    }
    const Tokenizer tokenizer = Tokenizer::load("m", host_of(files));
    const std::vector<TokenId> ids = ids_of(item["ids"]);
    CHECK(tokenizer.encode(text) == ids);
    CHECK(tokenizer.encode(text, {.add_special = false}) == ids_of(item["plain_ids"]));
    CHECK(tokenizer.decode(ids, {.skip_special = true}) == text_of(item["visible"]));
    CHECK(tokenizer.eos_token() == static_cast<TokenId>(item["eos"].get_int64()));
    CHECK(tokenizer.pad_token() == static_cast<TokenId>(item["pad"].get_int64()));
    ++count;
  }
  CHECK(count >= 20);
}

TEST_CASE("api/checkpoint_files: of several chat templates transformers' choice counts") {
  Golden golden;
  std::size_t count = 0;
  for (const element item : golden.root["templates"].get_array()) {
    const auto files = std::make_shared<MemoryFiles>();
    for (const auto file : object(item["files"])) {
      if (file.key == "config") {
        (*files)["m/tokenizer_config.json"] =
            R"({"chat_template":)" + simdjson::minify(file.value) + "}";
      } else {
        (*files)["m/" + std::string(file.key)] = text_of(file.value);
      }
    }
    const ChatTemplate chat = ChatTemplate::load("m", host_of(files));
    CAPTURE(simdjson::minify(item));
    const auto render = [&](const char* tools) {
      return chat.render({{"user", "x"}}, {.tools_json = tools}).text;
    };
    CHECK(render(R"([{"type":"function"}])") == text_of(item["tools"]));
    if (item["plain"].is_null()) {
      test::check_error(ErrorCode::bad_template,
                        "only chat template is for conversations with tools", [&] { render(""); });
    } else {
      CHECK(render("") == text_of(item["plain"]));
    }
    ++count;
  }
  CHECK(count >= 10);
}

TEST_CASE("api/checkpoint_files: vocab.json and merges.txt with mistakes are named") {
  struct Case {
    std::string vocabulary;
    std::string merges;
    std::string error;
  };
  const Case cases[] = {
      {R"({"a":0,"b":1})", "a\n",
       "corrupt: m/merges.txt: line 1: \"a\" is not two tokens with a "
       "space between"},
      {R"({"a":0,"b":1,"ab":2})", "\n#version: 0.2\na b\na c\n",
       "corrupt: m/merges.txt: line 4: no token \"c\" in the vocabulary"},
      {R"({"a":0,"b":1})", "a b",
       "corrupt: m/merges.txt: line 1: no token \"ab\" in the vocabulary"},
      {"[]", "", "corrupt: m/vocab.json: an object is needed, not an array"},
      {"version https://git-lfs.github.com/spec/v1", "",
       "corrupt: m/vocab.json: this is a Git LFS pointer, not the file it points to; run `git lfs "
       "pull`"},
  };
  for (const Case& c : cases) {
    const auto files = std::make_shared<MemoryFiles>();
    (*files)["m/vocab.json"] = c.vocabulary;
    (*files)["m/merges.txt"] = c.merges;
    CHECK(test::error_of([&] { Tokenizer::load("m", host_of(files)); }) == c.error);
  }
}

TEST_CASE("api/checkpoint_files: templates around a text that cannot be are refused by name") {
  Golden golden;
  const auto error = [&](const std::string& single) {
    simdjson::dom::parser parser;
    const element processor = parser.parse(
        R"({"type":"TemplateProcessing","single":)" + single +
        R"(,"special_tokens":{"x":{"id":"x","ids":[99999]},"y":{"id":"y","ids":[1]}}})");
    const auto files = std::make_shared<MemoryFiles>();
    (*files)["m/tokenizer.json"] = tokenizer_json(golden.root, processor);
    return test::error_of([&] { Tokenizer::load("m", host_of(files)); });
  };
  const std::string where = "m/tokenizer.json: post_processor";
  const std::string text = R"({"Sequence":{"id":"A"}})";
  CHECK(error("[" + text + "]") == "nothing");
  CHECK(error("[]") ==
        "not_supported: " + where + ".single: not supported: a template without the text");
  CHECK(error("[" + text + "," + text + "]") ==
        "not_supported: " + where +
            ".single[1]: not supported: a template that is not one text with special tokens around "
            "it");
  CHECK(error(R"([{"SpecialToken":{"id":"x"}},)" + text + "]") ==
        "corrupt: " + where + ".special_tokens.x.ids[0]: 99999 is no token id; there are 263");
  CHECK(error(R"([{"SpecialToken":{"id":"z"}},)" + text + "]") ==
        "corrupt: " + where + ".special_tokens: \"z\" is missing");
}

TEST_CASE("api/checkpoint_files: an id of two tokens is refused by name") {
  Golden golden;
  const auto files = std::make_shared<MemoryFiles>();
  simdjson::dom::parser parser;
  (*files)["m/tokenizer.json"] = tokenizer_json(golden.root, parser.parse(std::string("null")));
  (*files)["m/tokenizer_config.json"] =
      R"({"added_tokens_decoder":{"262":{"content":"<|new|>","special":true}}})";
  CHECK(test::error_of([&] { Tokenizer::load("m", host_of(files)); }) ==
        "corrupt: m/tokenizer_config.json: added_tokens_decoder: id 262 is \"<|new|>\" here and "
        "\"<|im_end|>\" in m/tokenizer.json");
}

}  // namespace tlite

#include "text/end_tokens.hpp"

#include "unit/support/tiny_checkpoint.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/model.hpp>
#include <tlite/quantize.hpp>

namespace tlite {
namespace {

using Ids = std::vector<TokenId>;

// The tokenizer of the tiny checkpoint: <|endoftext|> 256, <|im_start|> 257, <|im_end|> 258.
Host tiny_host(const std::string& tokenizer_config) {
  const auto files = test::tiny_checkpoint("m");
  (*files)["m/tokenizer_config.json"] = tokenizer_config;
  Host host;
  host.files = files;
  return host;
}

Ids ends(const Ids& named, const std::string& chat_template, const std::string& config = "{}") {
  const Tokenizer tokenizer = Tokenizer::load("m", tiny_host(config));
  if (chat_template.empty()) return end_tokens(named, tokenizer, nullptr);
  const ChatTemplate chat = ChatTemplate::parse(chat_template);
  return end_tokens(named, tokenizer, &chat);
}

}  // namespace

TEST_CASE("text/end_tokens: every one that a file names counts, in the order of the rule, once") {
  CHECK(ends({}, "") == Ids{});
  CHECK(ends({256}, "") == Ids{256});
  CHECK(ends({256}, "", R"({"eos_token":"<|im_end|>"})") == Ids{256, 258});
  CHECK(ends({258, 256}, "", R"({"eos_token":"<|im_end|>"})") == Ids{258, 256});
  CHECK(ends({263}, "") == Ids{263});  // a row of padding
}

TEST_CASE("text/end_tokens: what the chat template writes behind an answer ends one") {
  const std::string turns = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}";
  const std::string done = "{% endfor %}";
  CHECK(ends({256}, turns + "<|im_end|>\n" + done) == Ids{256, 258});
  CHECK(ends({256}, turns + " \n<|im_end|>" + done) == Ids{256, 258});
  // DeepSeek's: the turn of the user has no end.
  CHECK(ends({},
             "{% for m in messages %}{% if m.role == 'user' %}<|im_start|>{{ m.content }}{% "
             "else %}{{ m.content }}<|endoftext|>{% endif %}{% endfor %}") == Ids{256});
  // Nothing that is sure: no special token there, text before it, no answer in the prompt, an
  // error.
  CHECK(ends({256}, turns + "\n" + done) == Ids{256});
  CHECK(ends({256}, turns + "END<|im_end|>" + done) == Ids{256});
  CHECK(ends({256}, "{{ messages[0].content }}<|im_end|>") == Ids{256});
  CHECK(ends({256}, "{{ raise_exception('no') }}") == Ids{256});
  // What begins the next turn is no end of this one.
  CHECK(ends({256}, turns + done + "<|im_start|>assistant\n") == Ids{256});
}

TEST_CASE("text/end_tokens: a directory and the file made from it agree, loaded or inspected") {
  struct Case {
    std::string config;      // eos_token_id of config.json
    std::string generation;  // generation_config.json
    Ids ends;
  };
  // The tokenizer's end and the template's are <|im_end|>.
  const Case cases[] = {
      {"256", R"({"eos_token_id":256})", {256, 258}},
      {"256", R"({"do_sample":false})", {256, 258}},
      {"[258,256]", "{}", {258, 256}},
      {"258", R"({"eos_token_id":[256,263]})", {256, 263, 258}},
      {"258", "", {258}},
  };
  for (const Case& c : cases) {
    const auto files = test::tiny_checkpoint("m");
    std::string& config = (*files)["m/config.json"];
    const std::string field = "\"eos_token_id\": 258";
    REQUIRE(config.find(field) != std::string::npos);
    config.replace(config.find(field), field.size(), "\"eos_token_id\": " + c.config);
    (*files)["m/generation_config.json"] = c.generation;
    if (c.generation.empty()) files->remove("m/generation_config.json");
    const test::TemporaryDirectory directory("ends");
    directory.write(*files, "m");
    const std::string made = directory.path() + "/made.gguf";
    quantize(directory.path(), made, WeightMix::bf16);
    for (const std::string& path : {directory.path(), made}) {
      CAPTURE(path);
      CHECK(Model::load(path).info().eos_token_ids == c.ends);
      CHECK(Model::inspect(path).eos_token_ids == c.ends);
    }
  }
}

}  // namespace tlite

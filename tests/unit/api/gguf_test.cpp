#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>
#include <tlite/model.hpp>

namespace tlite {
namespace {

using test::error_of;
using test::tiny_checkpoint;
using test::tiny_config;
using test::tiny_gguf;

std::vector<float> logits_of(const Model& model, const std::vector<TokenId>& ids) {
  Evaluator evaluator(model, {.context = 64, .threads = 1});
  evaluator.append(evaluator.create_sequence(), ids);
  const std::span<const float> logits = evaluator.logits(0);
  return {logits.begin(), logits.end()};
}

}  // namespace

TEST_CASE("api/gguf: a file is the same model as the directory it was made of, bit for bit") {
  for (const DataType type : {DataType::f32, DataType::f16, DataType::bf16}) {
    const auto files = tiny_checkpoint("m", tiny_config(), type);
    (*files)["m.gguf"] = tiny_gguf(tiny_config(), type).bytes();
    LoadOptions options;
    options.host.files = files;
    const Model a = Model::load("m", options);
    const Model b = Model::load("m.gguf", options);
    CHECK(b.info().format == "gguf");
    CHECK(b.info().name == "Крошка");
    CHECK(b.info().parameter_count == a.info().parameter_count);
    CHECK(b.info().weight_type == type);
    const std::string text = "Привет, <|im_start|>мир\r\n  don't 12 é<|im_end|>";
    const std::vector<TokenId> ids = a.tokenizer().encode(text);
    CHECK(b.tokenizer().encode(text) == ids);
    CHECK(b.tokenizer().decode(ids, {.skip_special = true}) ==
          a.tokenizer().decode(ids, {.skip_special = true}));
    CHECK(b.tokenizer().vocabulary_size() == 259);
    CHECK(b.tokenizer().eos_token() == a.tokenizer().eos_token());
    CHECK(b.tokenizer().pad_token() == a.tokenizer().pad_token());
    CHECK(b.chat_template().source() == a.chat_template().source());
    CHECK(logits_of(a, ids) == logits_of(b, ids));
  }
}

TEST_CASE("api/gguf: a file without a template, and what is not a GGUF file") {
  const auto files = std::make_shared<test::MemoryFiles>();
  (*files)["m.gguf"] = tiny_gguf().drop("tokenizer.chat_template").bytes();
  (*files)["short.gguf"] = std::string(37, 'x');
  LoadOptions options;
  options.host.files = files;
  const Model model = Model::load("m.gguf", options);
  CHECK_FALSE(model.info().has_chat_template);
  CHECK(error_of([&] { model.chat_template(); }) ==
        "not_found: m.gguf: no chat template (tokenizer.chat_template)");
  const std::string error = "corrupt: short.gguf: not a GGUF file: it does not begin with GGUF";
  CHECK(error_of([&] { Model::load("short.gguf", options); }) == error);
  CHECK(error_of([&] { Tokenizer::load("short.gguf", options.host); }) == error);
  CHECK(error_of([&] { ChatTemplate::load("short.gguf", options.host); }) == error);
  CHECK(error_of([&] { Model::load("none.gguf", options); }) ==
        "not_found: none.gguf: no such file or directory");
}

}  // namespace tlite

#include "runtime/generator.hpp"

#include "sample/sampler_chain.hpp"
#include "unit/runtime/fake_model.hpp"
#include "unit/support/errors.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

namespace {

using test::bytes_of;
using test::kEnd;

struct Run {
  std::vector<std::string> pieces;
  std::string text;
  std::vector<TokenId> tokens;
  FinishReason reason = FinishReason::none;
  std::string stop_string;
  PartialAnswer partial;
};

SamplingParams greedy() { return sampling_preset("greedy"); }

// Says `script` token by token until the generator has enough.
Run run(const SamplingParams& params, const std::vector<TokenId>& script,
        const PartialAnswer& before = {}) {
  const std::vector<TokenId> ends = {kEnd};
  Generator generator(test::tiny_tokenizer(), params, ends, 1, {}, before);
  SamplerWorkspace workspace;
  Run result;
  for (const TokenId token : script) {
    if (generator.finish_reason() != FinishReason::none) break;
    const Piece piece = generator.step(test::logits_for(token), workspace);
    result.tokens.push_back(piece.token);
    result.pieces.emplace_back(piece.text);
  }
  if (generator.finish_reason() == FinishReason::none) {
    result.pieces.emplace_back(generator.finish(FinishReason::cancelled));
  }
  for (const std::string& piece : result.pieces) result.text += piece;
  result.reason = generator.finish_reason();
  result.stop_string = generator.stop_string();
  result.partial = generator.partial();
  if (before.tokens.empty()) CHECK(result.text == generator.text());
  return result;
}

std::vector<TokenId> with_end(std::string_view text) {
  std::vector<TokenId> tokens = bytes_of(text);
  tokens.push_back(kEnd);
  return tokens;
}

}  // namespace

TEST_CASE("runtime/generator: pieces are whole code points, the end of the turn is no text") {
  const Run result = run(greedy(), with_end("жук"));
  CHECK(result.pieces == std::vector<std::string>{"", "ж", "", "у", "", "к", ""});
  CHECK(result.reason == FinishReason::end_of_text);
  CHECK(result.tokens == with_end("жук"));
}

TEST_CASE("runtime/generator: a character cut off at the end becomes U+FFFD") {
  SamplingParams params = greedy();
  params.max_new_tokens = 3;
  const Run result = run(params, with_end("жук"));
  CHECK(result.text == "ж\xEF\xBF\xBD");
  CHECK(result.reason == FinishReason::length);
}

TEST_CASE(
    "runtime/generator: lengths may count the prompt, and the number of new tokens counts more") {
  const auto tokens = [](std::int32_t max_length, std::int32_t max_new, std::int32_t min_length) {
    SamplingParams params = greedy();
    params.max_length = max_length;
    params.max_new_tokens = max_new;
    params.min_length = min_length;
    Generator generator(test::tiny_tokenizer(), params, std::vector<TokenId>{kEnd}, 1,
                        bytes_of("abc"));
    SamplerWorkspace workspace;
    std::size_t count = 0;
    while (generator.finish_reason() == FinishReason::none && count < 20) {
      generator.step(test::logits_for(count == 1 ? kEnd : 'x'), workspace);
      ++count;
    }
    return count;
  };
  CHECK(tokens(-1, -1, 0) == 2);  // x, end
  CHECK(tokens(4, -1, 0) == 1);
  CHECK(tokens(4, 2, 0) == 2);
  CHECK(tokens(10, -1, 6) == 7);  // the end was banned when it was due
  SamplingParams params = greedy();
  params.max_length = 3;
  test::check_error(ErrorCode::invalid_argument,
                    "max_length is 3, and the prompt has 3 tokens already",
                    [&] { Generator(test::tiny_tokenizer(), params, {}, 1, bytes_of("abc")); });
}

TEST_CASE("runtime/generator: stop strings across tokens are never shown") {
  SamplingParams params = greedy();
  params.stop = {"стоп", "##"};
  Run result = run(params, with_end("и стол, стоп, да"));
  CHECK(result.text == "и стол, ");
  CHECK(result.reason == FinishReason::stop_string);
  CHECK(result.stop_string == "стоп");
  CHECK(result.tokens == bytes_of("и стол, стоп"));
  for (const std::string& piece : result.pieces) CHECK(!piece.ends_with("с"));

  params.include_stop_in_output = true;
  CHECK(run(params, with_end("a##b")).text == "a##");

  CHECK(run(params, with_end("a#")).text == "a#");  // held back until the end shows it
}

TEST_CASE("runtime/generator: stop tokens, and which reason they give") {
  SamplingParams params = greedy();
  params.stop_token_ids = {'!'};
  Run result = run(params, with_end("ab!c"));
  CHECK(result.text == "ab");
  CHECK(result.reason == FinishReason::stop_token);
  CHECK(result.tokens == bytes_of("ab!"));
  params.include_stop_in_output = true;
  CHECK(run(params, with_end("ab!c")).text == "ab!");
  params.stop_token_ids = {kEnd};  // both: the model ended its turn
  CHECK(run(params, with_end("ab")).reason == FinishReason::end_of_text);
}

TEST_CASE("runtime/generator: ignore_eos goes on, the special token has no text") {
  SamplingParams params = greedy();
  params.ignore_eos = true;
  params.max_new_tokens = 4;
  const Run result = run(params, {'a', kEnd, 'b', kEnd, 'c'});
  CHECK(result.text == "ab");
  CHECK(result.tokens == std::vector<TokenId>{'a', kEnd, 'b', kEnd});
  CHECK(result.reason == FinishReason::length);
}

TEST_CASE("runtime/generator: no end before min_new_tokens") {
  SamplingParams params = greedy();
  params.min_new_tokens = 3;
  params.stop_token_ids = {'!'};
  const Run result = run(params, {kEnd, '!', 'x', kEnd});
  CHECK(result.tokens == std::vector<TokenId>{0, 0, 'x', kEnd});
  CHECK(result.reason == FinishReason::end_of_text);
}

TEST_CASE("runtime/generator: max_new_tokens 0 is over before it begins") {
  SamplingParams params = greedy();
  params.max_new_tokens = 0;
  const Run result = run(params, with_end("abc"));
  CHECK(result.tokens.empty());
  CHECK(result.reason == FinishReason::length);
}

TEST_CASE("runtime/generator: rows of padding in the vocabulary have no text") {
  const Run result = run(greedy(), {'a', 260, 263, 'b', kEnd});
  CHECK(result.text == "ab");
}

TEST_CASE("runtime/generator: a continuation goes on as if there had been no break") {
  // Cut at every place: in the middle of characters and of stop strings.
  const std::vector<TokenId> script = with_end("Ещё: ж#ук##");
  SamplingParams params = greedy();
  params.stop = {"##"};
  const Run whole = run(params, script);
  REQUIRE(whole.text == "Ещё: ж#ук");
  for (std::size_t cut = 1; cut + 2 < script.size(); ++cut) {
    CAPTURE(cut);
    const auto middle = script.begin() + static_cast<std::ptrdiff_t>(cut);
    params.max_new_tokens = static_cast<std::int32_t>(cut);
    const Run first = run(params, script);
    params.max_new_tokens = -1;
    const std::vector<TokenId> ends = {kEnd};
    Generator generator(test::tiny_tokenizer(), params, ends, 1, {}, first.partial);
    SamplerWorkspace workspace;
    std::string second;
    for (auto token = middle; generator.finish_reason() == FinishReason::none; ++token) {
      second += generator.step(test::logits_for(*token), workspace).text;
    }
    CHECK(generator.text() == whole.text);
    CHECK(generator.finish_reason() == whole.reason);
    // What was shown twice or taken back: nothing, but for a character or a stop string cut apart.
    std::string shown = first.text;
    while (shown.ends_with("\xEF\xBF\xBD")) shown.resize(shown.size() - 3);
    const bool in_stop = shown.ends_with("к#");
    CHECK(shown + second == (in_stop ? whole.text + "#" : whole.text));
  }
}

TEST_CASE("runtime/generator: a continuation draws on in the same stream of random numbers") {
  SamplingParams params;
  params.frequency_penalty = 0.5F;
  const std::vector<TokenId> ends = {kEnd};
  SamplerWorkspace workspace;
  const std::vector<float> logits(test::kLogits, 1.0F);
  Generator whole(test::tiny_tokenizer(), params, ends, 9, {});
  for (int i = 0; i < 20; ++i) whole.step(logits, workspace);
  Generator first(test::tiny_tokenizer(), params, ends, 9, {});
  for (int i = 0; i < 8; ++i) first.step(logits, workspace);
  first.finish(FinishReason::cancelled);
  Generator second(test::tiny_tokenizer(), params, ends, 9, {}, first.partial());
  for (int i = 0; i < 12; ++i) second.step(logits, workspace);
  CHECK(second.tokens() == whole.tokens());
  CHECK(second.text() == whole.text());
}

TEST_CASE("runtime/generator: a stop string that was there before does not end a continuation") {
  SamplingParams params = greedy();
  params.stop = {"##"};
  const Run result = run(params, with_end("c##d"), {bytes_of("a##b"), PartialAnswer::kAll});
  CHECK(result.text == "c");
  CHECK(result.reason == FinishReason::stop_string);
}

TEST_CASE("runtime/generator: with ignore_eos an end token is one like others") {
  SamplingParams params = greedy();
  params.max_new_tokens = 1;
  params.bad_words = {{kEnd}};
  CHECK(run(params, {kEnd}).tokens == std::vector<TokenId>{kEnd});
  params.ignore_eos = true;
  CHECK(run(params, {kEnd}).tokens == std::vector<TokenId>{0});
  // Nor does it get likelier: 0 stays ahead of an end that decay would double.
  params.bad_words.clear();
  params.max_new_tokens = 3;
  params.length_decay = SamplingParams::LengthDecay{0, 2.0F};
  std::vector<float> logits = test::logits_for('a');
  logits[kEnd] = 6.0F;
  for (const bool ignore_eos : {false, true}) {
    params.ignore_eos = ignore_eos;
    const std::vector<TokenId> ends = {kEnd};
    Generator generator(test::tiny_tokenizer(), params, ends, 1, {});
    SamplerWorkspace workspace;
    generator.step(logits, workspace);
    CHECK(generator.step(logits, workspace).token == (ignore_eos ? 'a' : kEnd));
  }
}

namespace {

constexpr TokenId kThink = 259;
constexpr TokenId kEndOfThink = 260;

// What a model that only ever wants to think of 'x' comes to say.
std::string thoughts(const SamplingParams& params, const std::vector<TokenId>& prompt,
                     const PartialAnswer& before = {}, int end_after = -1) {
  const std::vector<TokenId> ends = {kEnd};
  Generator generator(test::tiny_tokenizer(true), params, ends, 1, prompt, before);
  SamplerWorkspace workspace;
  std::string said;
  for (int i = 0; generator.finish_reason() == FinishReason::none; ++i) {
    if (i == end_after) generator.end_thinking();
    const TokenId token = generator.step(test::logits_for('x'), workspace).token;
    said += token == kEndOfThink ? "/" : token == 'x' ? "x" : "?";
  }
  return said;
}

}  // namespace

TEST_CASE("runtime/generator: a thinking block ends where its budget does") {
  SamplingParams params = greedy();
  params.max_new_tokens = 6;
  const std::vector<TokenId> open = {'a', kThink};
  CHECK(thoughts(params, open) == "xxxxxx");
  params.thinking_budget = 3;
  CHECK(thoughts(params, open) == "xxx/xx");
  CHECK(thoughts(params, {'a', kThink, '\n'}) == "xx/xxx");
  CHECK(thoughts(params, {'a', kThink, 'b', kThink, 'c', 'd'}) == "/xxxxx");
  CHECK(thoughts(params, {'a'}) == "xxxxxx");
  CHECK(thoughts(params, {kThink, 'b', kEndOfThink, '\n'}) == "xxxxxx");
  CHECK(thoughts(params, {kThink, 'b', kEnd, 'a'}) == "xxxxxx");  // a turn that was cut
  CHECK(thoughts(params, {'a'}, {{kThink, 'x'}}) == "xx/xxx");    // an answer that goes on
  params.thinking_budget = 0;
  CHECK(thoughts(params, open) == "/xxxxx");
  // Nothing but 'x' is allowed, drawn or not: what is forced comes first.
  params.allowed_token_ids = {'x'};
  params.temperature = 1.0F;
  params.mirostat = 2;
  CHECK(thoughts(params, open) == "/xxxxx");
}

TEST_CASE("runtime/generator: a thinking block ends where the host says so") {
  SamplingParams params = greedy();
  params.max_new_tokens = 4;
  CHECK(thoughts(params, {kThink}, {}, 0) == "/xxx");
  CHECK(thoughts(params, {kThink}, {}, 2) == "xx/x");
  CHECK(thoughts(params, {'a'}, {}, 1) == "xxxx");
  CHECK(thoughts(params, {kThink, kEndOfThink}, {}, 0) == "xxxx");

  // Not the one that is opened later.
  const std::vector<TokenId> ends = {kEnd};
  Generator generator(test::tiny_tokenizer(true), params, ends, 1, ends);
  SamplerWorkspace workspace;
  generator.end_thinking();
  CHECK(generator.step(test::logits_for(kThink), workspace).token == kThink);
  CHECK(generator.step(test::logits_for('x'), workspace).token == 'x');
  generator.end_thinking();
  CHECK(generator.step(test::logits_for('x'), workspace).token == kEndOfThink);
  CHECK(generator.text() == "<think>x</think>");
}

TEST_CASE("runtime/generator: what ends thinking has the log probability that the model gave it") {
  SamplingParams params = greedy();
  params.thinking_budget = 0;
  params.logprobs = 1;
  const std::vector<TokenId> prompt = {kThink};
  Generator generator(test::tiny_tokenizer(true), params, {}, 1, prompt);
  SamplerWorkspace workspace;
  const Piece piece = generator.step(test::logits_for('x'), workspace);
  CHECK(piece.token == kEndOfThink);
  REQUIRE(piece.logprob);
  CHECK(piece.logprob->rank == 261);  // behind 'x' and the 259 ids below it
  CHECK(piece.top_logprobs[0].token == 'x');
}

TEST_CASE("runtime/generator: a thinking budget needs a model that thinks") {
  SamplingParams params = greedy();
  params.thinking_budget = 5;
  CHECK(test::error_of([&] { Generator(test::tiny_tokenizer(), params, {}, 1, {}); }) ==
        "invalid_argument: sampling: thinking_budget is 5, and the model has no tokens <think> and "
        "</think>");
  params.thinking_budget = -2;
  CHECK(test::error_of([&] { validate(params, 300); }) ==
        "invalid_argument: sampling: thinking_budget is -2, it must be -1 (none) or more");
}

}  // namespace tlite

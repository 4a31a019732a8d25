#include "runtime/answer.hpp"

#include "unit/runtime/fake_model.hpp"
#include "unit/support/errors.hpp"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace tlite {

namespace {

using test::bytes_of;
using test::FakeModel;
using test::kEnd;

// Counts upwards from the last token: "...a" goes on with "bcd".
TokenId count_up(const std::vector<TokenId>& tokens) { return (tokens.back() + 1) % 256; }

struct Fixture {
  explicit Fixture(std::size_t context = 100, std::size_t chunk = 4)
      : model(count_up), cache(model, context, chunk) {
    params.max_new_tokens = 5;
    run.start();
  }

  Answer answer(std::string_view prompt, OverflowPolicy overflow = OverflowPolicy::stop,
                const ShortenPrompt& shorten = {}, const PrefillProgress& progress = {}) {
    const std::vector<TokenId> ends = {kEnd};
    const std::vector<TokenId> ids =
        fit_prompt(bytes_of(prompt), 0, cache.context(), overflow, shorten);
    return {cache,    workspace, run,     ids, Generator(tokenizer, params, ends, 1, ids),
            overflow, shorten,   progress};
  }

  // The model holds exactly what the cache says.
  bool consistent() const {
    return std::vector<TokenId>(cache.tokens().begin(), cache.tokens().end()) == model.tokens;
  }

  Tokenizer tokenizer = test::tiny_tokenizer();
  FakeModel model;
  CachedSequence cache;
  SamplerWorkspace workspace;
  RunState run;
  SamplingParams params = sampling_preset("greedy");
};

Generation all(Answer answer) {
  std::string text;
  while (const std::optional<Piece> piece = answer.next()) text += piece->text;
  CHECK(text == answer.result().text);
  CHECK(!answer.next().has_value());
  return answer.result();
}

}  // namespace

TEST_CASE("runtime/answer: the common prefix is not evaluated again") {
  Fixture fixture;
  Generation first = all(fixture.answer("Hello a"));
  CHECK(first.text == "bcdef");
  CHECK(first.finish_reason == FinishReason::length);
  CHECK(first.prompt_tokens == 7);
  CHECK(first.cached_tokens == 0);
  CHECK(fixture.model.evaluated == 7 + 4);  // the last token is not needed

  struct Row {
    std::string prompt;
    std::int32_t cached;
  };
  // After "Hello abcde" each; the last row's prompt is all there, and its last token is redone.
  for (const Row& row : {Row{"Hello abcdef!", 11}, Row{"Hello b", 6}, Row{"Hell", 3}, Row{"x", 0},
                         Row{"Hello abc", 8}}) {
    all(fixture.answer("Hello a"));
    fixture.model.evaluated = 0;
    const Generation again = all(fixture.answer(row.prompt));
    CHECK(again.cached_tokens == row.cached);
    CHECK(fixture.model.evaluated == row.prompt.size() - static_cast<std::size_t>(row.cached) + 4);
    CHECK(fixture.consistent());
  }
}

TEST_CASE("runtime/answer: max_new_tokens 0 evaluates the prompt and says nothing") {
  Fixture fixture;
  fixture.params.max_new_tokens = 0;
  const Generation result = all(fixture.answer("Hello"));
  CHECK(result.finish_reason == FinishReason::length);
  CHECK(result.tokens.empty());
  CHECK(fixture.cache.tokens().size() == 5);
}

TEST_CASE("runtime/answer: the context ends the answer, or is an error") {
  Fixture fixture(10);
  fixture.params.max_new_tokens = -1;
  const Generation result = all(fixture.answer("Hello a"));
  CHECK(result.text == "bcd");  // ten tokens in all
  CHECK(result.finish_reason == FinishReason::context_full);
  Answer answer = fixture.answer("Hello a", OverflowPolicy::error);
  CHECK(test::error_of([&] {
          while (answer.next()) continue;
        }) == "context_full: prompt and answer fill the context of 10 tokens");
  CHECK(fixture.consistent());
  CHECK(test::error_of([&] { fixture.answer("Hello Hello"); }) ==
        "context_full: the prompt takes 11 tokens, the context of 10 must hold it and one more");
  CHECK(test::error_of([&] { fixture.answer("0123456789"); }) ==
        "context_full: the prompt takes 10 tokens, the context of 10 must hold it and one more");
  CHECK(test::error_of([&] { fixture.answer(""); }) == "invalid_argument: empty prompt");
  CHECK(all(fixture.answer("012345678")).tokens.size() == 1);
}

TEST_CASE("runtime/answer: text held back when the context fills comes in a piece of its own") {
  Fixture fixture(10);
  fixture.params.max_new_tokens = -1;
  fixture.params.stop = {"cdefgh"};
  Answer answer = fixture.answer("Hello a");
  std::vector<std::pair<TokenId, std::string>> pieces;
  while (const auto piece = answer.next()) pieces.emplace_back(piece->token, piece->text);
  CHECK(pieces ==
        std::vector<std::pair<TokenId, std::string>>{{'b', "b"}, {'c', ""}, {'d', ""}, {-1, "cd"}});
  CHECK(answer.result().text == "bcd");
  CHECK(answer.result().tokens == bytes_of("bcd"));
}

TEST_CASE("runtime/answer: dropping the oldest goes on with the same answer") {
  Fixture fixture(20);
  fixture.params.max_new_tokens = 30;
  std::vector<std::size_t> asked;
  std::vector<std::string> prompts = {"", "s:a", "s:old a"};
  const ShortenPrompt shorten = [&](std::size_t tokens) -> std::optional<std::vector<TokenId>> {
    asked.push_back(tokens);
    if (prompts.size() == 1) return std::nullopt;
    std::vector<TokenId> prompt = bytes_of(prompts.back());
    prompts.pop_back();
    return prompt;
  };
  const Generation result =
      all(fixture.answer("s:older old a", OverflowPolicy::drop_oldest, shorten));
  // 7 tokens fit behind the first prompt, 13 behind the second, 17 behind the third.
  CHECK(result.text == std::string("bcdefghijklmnopqr"));
  CHECK(result.finish_reason == FinishReason::context_full);
  CHECK(asked == std::vector<std::size_t>{15 - 7, 15 - 13, 0});
  CHECK(result.prompt_tokens == 13);
  CHECK(fixture.consistent());
}

TEST_CASE("runtime/answer: cancel during prefill keeps the finished chunks") {
  Fixture fixture;
  int appended = 0;
  fixture.model.before_append = [&] {
    if (++appended != 3) return;
    fixture.run.cancel();
    throw Error(ErrorCode::cancelled, "cancelled");
  };
  const Generation result = all(fixture.answer("0123456789a"));
  CHECK(result.finish_reason == FinishReason::cancelled);
  CHECK(result.tokens.empty());
  CHECK(fixture.cache.tokens().size() == 8);
  CHECK(fixture.consistent());
  fixture.model.before_append = {};
  fixture.run.start();
  const Generation again = all(fixture.answer("0123456789a"));
  CHECK(again.cached_tokens == 8);
  CHECK(again.text == "bcdef");
}

TEST_CASE("runtime/answer: cancel during decode keeps the answer so far") {
  Fixture fixture;
  int appended = 0;
  fixture.model.before_append = [&] {
    if (++appended != 4) return;
    fixture.run.cancel();
    throw Error(ErrorCode::cancelled, "cancelled");
  };
  const Generation result = all(fixture.answer("Hello a"));
  CHECK(result.finish_reason == FinishReason::cancelled);
  CHECK(result.text == "bc");
  CHECK(fixture.consistent());
}

TEST_CASE("runtime/answer: a cancel that was meant for an earlier answer is passed over") {
  Fixture fixture;
  int appended = 0;
  fixture.model.before_append = [&] {
    if (++appended == 2 || appended == 5) throw Error(ErrorCode::cancelled, "cancelled");
  };
  const Generation result = all(fixture.answer("Hello a"));
  CHECK(result.text == "bcdef");
  CHECK(fixture.model.cleared == 2);
}

TEST_CASE("runtime/answer: progress counts the tokens that are evaluated and can cancel") {
  Fixture fixture;
  std::vector<std::pair<std::int64_t, std::int64_t>> seen;
  const PrefillProgress count = [&](std::int64_t done, std::int64_t total) {
    seen.emplace_back(done, total);
    return true;
  };
  all(fixture.answer("0123456789a", OverflowPolicy::stop, {}, count));
  CHECK(seen == std::vector<std::pair<std::int64_t, std::int64_t>>{{4, 11}, {8, 11}, {11, 11}});
  seen.clear();
  all(fixture.answer("012345+a", OverflowPolicy::stop, {}, count));
  CHECK(seen == std::vector<std::pair<std::int64_t, std::int64_t>>{{2, 2}});
  const Generation result =
      all(fixture.answer("abcdefgh", OverflowPolicy::stop, {},
                         [](std::int64_t done, std::int64_t) { return done < 4; }));
  CHECK(result.finish_reason == FinishReason::cancelled);
  CHECK(result.tokens.empty());
  CHECK(fixture.consistent());
}

TEST_CASE("runtime/answer: an exception of the model leaves the cache in step") {
  Fixture fixture;
  int appended = 0;
  fixture.model.before_append = [&] {
    if (++appended == 4) throw Error(ErrorCode::out_of_memory, "no memory");
  };
  Answer answer = fixture.answer("Hello a");
  CHECK(test::error_of([&] {
          while (answer.next()) continue;
        }) == "out_of_memory: no memory");
  CHECK(fixture.consistent());
  CHECK(all(fixture.answer("Hello a")).text == "bcdef");
}

}  // namespace tlite

// Embeddings of an engine: pooled from the states that an Evaluator gives, alone or among others.
#include "unit/support/bits.hpp"
#include "unit/support/counting_allocator.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/engine.hpp>
#include <tlite/evaluator.hpp>
#include <tlite/session.hpp>

namespace tlite {
namespace {

using test::error_of;
using test::same_bits;

Model tiny_model(const std::shared_ptr<Allocator>& allocator = {}) {
  LoadOptions options;
  options.host.files = test::tiny_checkpoint("tiny");
  options.host.allocator = allocator;
  return Model::load("tiny", options);
}

EngineOptions small() {
  EngineOptions options;
  options.context = 512;
  options.max_sequences = 4;
  options.max_batch_rows = 32;
  options.threads = 2;
  return options;
}

RequestOptions with(Pooling pooling, bool normalize = true) {
  RequestOptions options;
  options.pooling = pooling;
  options.normalize = normalize;
  return options;
}

std::string text_of(std::size_t i) { return std::string(i % 3 * 40, 'c') + std::to_string(i); }

constexpr Pooling kAll[] = {Pooling::last, Pooling::mean, Pooling::cls};

// The states of all positions, of one batch.
std::vector<std::vector<float>> states_of(const Model& model, const std::vector<TokenId>& ids) {
  Evaluator evaluator(model, {.context = 512, .threads = 1, .max_hidden_rows = 512});
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (const TokenId id : ids) {
    rows.push_back({id, sequence, static_cast<std::int32_t>(rows.size()), false, true});
  }
  evaluator.evaluate(rows);
  std::vector<std::vector<float>> states;
  for (std::int32_t i = 0; i < evaluator.hidden_rows(); ++i) {
    states.emplace_back(evaluator.hidden(i).begin(), evaluator.hidden(i).end());
  }
  return states;
}

}  // namespace

TEST_CASE("api/embedding: last and cls are states, mean is that of them, of length 1 where asked") {
  const Model model = tiny_model();
  const std::vector<TokenId> ids =
      model.tokenizer().encode("a text that is embedded, 45 tokens long: abcd");
  const auto states = states_of(model, ids);
  REQUIRE(states.size() == 45);
  Engine engine(model, small());
  const auto embed = [&](Pooling pooling, bool normalize) {
    return engine.wait(engine.submit(ids, with(pooling, normalize))).embedding;
  };
  CHECK(same_bits(embed(Pooling::last, false), states.back()));
  CHECK(same_bits(embed(Pooling::cls, false), states.front()));
  std::vector<float> mean;
  for (std::size_t i = 0; i < 32; ++i) {
    double sum = 0;
    for (const auto& state : states) sum += double{state[i]};
    mean.push_back(static_cast<float>(sum / 45));
  }
  CHECK(same_bits(embed(Pooling::mean, false), mean));
  for (const Pooling pooling : kAll) {
    const std::vector<float> plain = embed(pooling, false);
    const std::vector<float> unit = embed(pooling, true);
    REQUIRE(unit.size() == 32);
    double squares = 0;
    double product = 0;
    double plain_squares = 0;
    for (std::size_t i = 0; i < 32; ++i) {
      squares += double{unit[i]} * double{unit[i]};
      product += double{unit[i]} * double{plain[i]};
      plain_squares += double{plain[i]} * double{plain[i]};
    }
    // Each of the 32 numbers is off by half a unit in its last place, 2^-24 of it, at most; so are
    // the squares by twice that, and the sums by as much of the whole.
    CHECK(std::abs(squares - 1) <= 0x1p-22);
    CHECK(std::abs(product / std::sqrt(plain_squares) - 1) <= 0x1p-22);
  }
}

TEST_CASE("api/embedding: among other requests as alone, from text, ids and messages") {
  const Model model = tiny_model();
  Engine engine(model, small());
  std::vector<RequestId> requests;
  for (std::size_t i = 0; i < 24; ++i) {
    SamplingParams params;
    params.seed = i;
    params.max_new_tokens = 9;
    RequestOptions answered;
    answered.sampling = params;
    requests.push_back(engine.submit(text_of(i), i % 4 == 3 ? answered : with(kAll[i % 4])));
  }
  for (std::size_t i = 0; i < 24; ++i) {
    const Generation result = engine.wait(requests[i]);
    CHECK(result.finish_reason == FinishReason::length);
    if (i % 4 == 3) {
      CHECK(result.tokens.size() == 9);
      CHECK(result.embedding.empty());
      continue;
    }
    Engine alone(model, {.context = 512, .max_batch_rows = 512, .threads = 1});
    const Generation expected =
        alone.wait(alone.submit(model.tokenizer().encode(text_of(i)), with(kAll[i % 4])));
    CHECK(result.embedding.size() == 32);
    CHECK(same_bits(result.embedding, expected.embedding));
    CHECK(result.tokens.empty());
    CHECK(result.prompt_tokens == static_cast<std::int32_t>(text_of(i).size()));
  }
  // Messages are rendered as for an answer.
  const std::vector<Message> messages = {{"user", "hello"}};
  const Prompt prompt = model.chat_template().render(messages, {.add_generation_prompt = true});
  const std::vector<TokenId> ids = model.tokenizer().encode(prompt.text, {.add_special = false});
  CHECK(same_bits(engine.wait(engine.submit(messages, with(Pooling::mean))).embedding,
                  engine.wait(engine.submit(ids, with(Pooling::mean))).embedding));
}

TEST_CASE("api/embedding: the last event has it") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const RequestId request = engine.submit("polled", with(Pooling::last));
  engine.run();
  const auto event = engine.poll();
  REQUIRE(event);
  CHECK(event->request == request);
  CHECK(event->token == -1);
  CHECK(event->finish_reason == FinishReason::length);
  REQUIRE(event->result);
  CHECK(event->result->embedding.size() == 32);
  CHECK_FALSE(engine.poll());
}

TEST_CASE("api/embedding: what makes no sense is refused by name") {
  const Model model = tiny_model();
  Engine engine(model, small());
  const auto submit = [](Engine& on, const RequestOptions& options) {
    return error_of([&] { on.submit("a", options); });
  };
  CHECK(submit(engine, with(static_cast<Pooling>(4))) ==
        "invalid_argument: RequestOptions::pooling is 4; it takes none, last, mean or cls");
  CHECK(submit(engine, with(static_cast<Pooling>(-1))) ==
        "invalid_argument: RequestOptions::pooling is -1; it takes none, last, mean or cls");
  RequestOptions sampled = with(Pooling::mean);
  sampled.sampling = SamplingParams();
  CHECK(submit(engine, sampled) ==
        "invalid_argument: RequestOptions::pooling is set, and sampling too: an embedding has no "
        "tokens to choose");
  RequestOptions short_context = with(Pooling::mean);
  short_context.context = 3;
  CHECK(error_of([&] { engine.submit("abcd", short_context); }) ==
        "context_full: the prompt takes 4 tokens, the context of 3 must hold it");
  CHECK(error_of([&] { engine.wait(engine.submit("abc", short_context)); }) == "nothing");
  EngineOptions without = small();
  without.embeddings = false;
  Engine other(model, without);
  CHECK(submit(other, with(Pooling::last)) ==
        "invalid_argument: RequestOptions::pooling is set, where EngineOptions::embeddings is "
        "false");
  CHECK(submit(other, {}) == "nothing");
}

TEST_CASE("api/embedding: what an engine without takes less, and a session never takes") {
  LoadOptions load;
  load.host.files = test::tiny_checkpoint("tiny");
  EngineOptions options = small();
  const MemoryPlan with_embeddings = Model::plan("tiny", evaluator_options(options), load);
  options.embeddings = false;
  const MemoryPlan without = Model::plan("tiny", evaluator_options(options), load);
  CHECK(with_embeddings.total() - without.total() == std::uint64_t{32} * 32 * sizeof(float));
  CHECK(evaluator_options(SessionOptions()).max_hidden_rows == 0);
  const auto allocator = std::make_shared<test::CountingAllocator>();
  const Model model = tiny_model(allocator);
  const std::size_t before = allocator->live_bytes();
  const Engine engine(model, options);
  CHECK(allocator->live_bytes() - before == without.kv_cache + without.scratch);
}

}  // namespace tlite

// Evaluator: a batch in steps, with progress, budgets and a cancel from another thread.
#include "unit/model/evaluator_checks.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {

using test::check_error;
using testing::all_logits;
using testing::copy;
using testing::Logits;
using testing::make_model;
using testing::same_bits;
using testing::small_options;
using testing::Spec;
using testing::spec_named;
using testing::token_ids;

TEST_CASE("model/evaluator: a cancel from another thread stops a prefill, and all is as before") {
  const Spec spec = spec_named("long");
  EvaluatorOptions options = small_options();
  options.context = 32768;
  options.threads = 2;
  Evaluator evaluator(make_model(spec), options);
  const SequenceId sequence = evaluator.create_sequence();
  const std::vector<TokenId> prompt = token_ids(spec, 100);
  evaluator.append(sequence, prompt);
  const std::int32_t free = evaluator.free_positions();

  // 32,000 positions take seconds; the cancel comes while they run.
  const std::vector<TokenId> many = token_ids(spec, 32000);
  std::atomic<bool> running{false};
  evaluator.on_progress([&](std::int64_t, std::int64_t) {
    running = true;
    running.notify_one();
    return true;
  });
  std::thread other([&] {
    running.wait(false);
    evaluator.cancel();
  });
  check_error(ErrorCode::cancelled, "cancelled", [&] { evaluator.append(sequence, many); });
  other.join();
  CHECK(evaluator.length(sequence) == 100);
  CHECK(evaluator.free_positions() == free);

  // The cancel is used up; the next one comes before its call, one is taken back.
  evaluator.append(sequence, {{1}});
  const Logits expected = copy(evaluator.logits(0));
  evaluator.truncate(sequence, 100);
  evaluator.cancel();
  check_error(ErrorCode::cancelled, "cancelled", [&] { evaluator.append(sequence, {{1}}); });
  evaluator.cancel();
  evaluator.clear_cancel();
  evaluator.append(sequence, {{1}});
  CHECK(same_bits(evaluator.logits(0), expected));
}

TEST_CASE("model/evaluator: progress is told after each chunk and may stop the batch") {
  Evaluator evaluator(make_model(spec_named("plain")), small_options());
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<std::int64_t> told;
  evaluator.on_progress([&](std::int64_t done, std::int64_t total) {
    CHECK(total == 150);
    told.push_back(done);
    return done < 128;
  });
  check_error(ErrorCode::cancelled, "cancelled by the progress callback",
              [&] { evaluator.append(sequence, token_ids(spec_named("plain"), 150)); });
  CHECK(told == std::vector<std::int64_t>{64, 128});
  CHECK(evaluator.length(sequence) == 0);
  evaluator.on_progress([](std::int64_t, std::int64_t) -> bool { throw 7; });
  CHECK_THROWS_AS(evaluator.append(sequence, {{1}}), int);
  evaluator.on_progress({});
  evaluator.append(sequence, {{1}});
  CHECK(evaluator.length(sequence) == 1);
}

TEST_CASE("model/evaluator: tiny budgets take many steps to the same bits; discard undoes") {
  const Spec spec = spec_named("plain");
  const Model model = make_model(spec);
  Evaluator evaluator(model, small_options());
  const std::vector<TokenId> ids = token_ids(spec, 200);
  const auto expected = all_logits(evaluator, evaluator.create_sequence(), ids);
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (const TokenId id : ids) {
    rows.push_back({id, sequence, static_cast<std::int32_t>(rows.size()), true});
  }
  const std::int32_t free = evaluator.free_positions();
  evaluator.submit(rows);
  CHECK_FALSE(evaluator.advance(std::chrono::nanoseconds(0)));
  check_error(ErrorCode::bad_state, "a batch is in flight", [&] { evaluator.submit(rows); });
  check_error(ErrorCode::bad_state, "sequence 1 belongs to the batch in flight",
              [&] { evaluator.truncate(sequence, 0); });
  check_error(ErrorCode::bad_state, "sequence 1 belongs to the batch in flight",
              [&] { evaluator.destroy_sequence(sequence); });
  CHECK(evaluator.length(sequence) == 0);
  evaluator.discard();
  evaluator.discard();
  CHECK(evaluator.free_positions() == free);

  evaluator.submit(rows);
  int steps = 1;
  while (!evaluator.advance(std::chrono::nanoseconds(0))) ++steps;
  // 4 chunks x 3 layers x at least 8 phases.
  CHECK(steps >= 96);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    REQUIRE(same_bits(evaluator.logits(static_cast<std::int32_t>(i)), expected[i]));
  }
  evaluator.destroy_sequence(sequence);
  const SequenceId again = evaluator.create_sequence();
  for (BatchRow& row : rows) row.sequence = again;
  evaluator.submit(rows);
  CHECK(evaluator.advance(std::chrono::nanoseconds::max()));
}

TEST_CASE(
    "model/evaluator: chunks are shorter for who comes back within a frame, to the same bits") {
  const Spec spec = spec_named("plain");
  EvaluatorOptions options = small_options();
  options.max_batch_rows = 200;
  Evaluator evaluator(make_model(spec), options);
  const std::vector<TokenId> ids = token_ids(spec, 200);
  std::vector<std::int64_t> told;
  evaluator.on_progress([&](std::int64_t done, std::int64_t) {
    told.push_back(done);
    return true;
  });
  evaluator.append(evaluator.create_sequence(), ids);
  CHECK(told == std::vector<std::int64_t>{200});
  const Logits expected = copy(evaluator.logits(0));

  told.clear();
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (const TokenId id : ids) rows.push_back({id, sequence, static_cast<int>(rows.size()), false});
  rows.back().wants_logits = true;
  evaluator.submit(rows);
  while (!evaluator.advance(std::chrono::nanoseconds(0))) continue;
  CHECK(told == std::vector<std::int64_t>{128, 200});
  CHECK(same_bits(evaluator.logits(0), expected));
}

}  // namespace tlite

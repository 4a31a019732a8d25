// Hidden states: the same bits whatever the batch, kept from rows that asked alone, and no head
// product for who wants no logits.
#include "api/model_impl.hpp"
#include "model/model_runner.hpp"
#include "model/plan.hpp"
#include "unit/model/evaluator_checks.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {
namespace {

using test::check_error;
using testing::copy;
using testing::make_model;
using testing::same_bits;
using testing::small_options;
using testing::Spec;
using testing::spec_named;
using testing::TensorSet;
using testing::token_ids;

using Rows = std::vector<std::vector<float>>;

EvaluatorOptions options_of(std::int32_t batch_rows, std::int32_t threads = 1) {
  EvaluatorOptions options = small_options();
  options.max_batch_rows = batch_rows;
  options.max_hidden_rows = 1024;
  options.threads = threads;
  return options;
}

struct Wanted {
  bool logits;
  bool hidden;
};

struct Outputs {
  Rows logits, hidden;
};

// A batch over ids, of which the i-th asks for wants(i).
template <class Wants>
Outputs run(Evaluator& evaluator, const std::vector<TokenId>& ids, Wants wants) {
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const Wanted wanted = wants(i);
    rows.push_back({ids[i], sequence, static_cast<std::int32_t>(i), wanted.logits, wanted.hidden});
  }
  evaluator.evaluate(rows);
  evaluator.destroy_sequence(sequence);
  Outputs all;
  for (std::int32_t i = 0; i < evaluator.logits_rows(); ++i) {
    all.logits.push_back(copy(evaluator.logits(i)));
  }
  for (std::int32_t i = 0; i < evaluator.hidden_rows(); ++i) {
    all.hidden.push_back(copy(evaluator.hidden(i)));
  }
  return all;
}

// Token 5 alone is damaged.
Model model_with_nan() {
  return make_model(spec_named("plain"), [](TensorSet& tensors) {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    std::memcpy(&tensors.bytes("model.embed_tokens.weight")[5 * 64 * 4], &nan, 4);
  });
}

}  // namespace

TEST_CASE("model/hidden: chunks, threads and what rows want do not change a bit") {
  for (const char* name : {"plain", "odd", "groups", "window", "bf16", "packed_bf16"}) {
    CAPTURE(name);
    const Spec spec = spec_named(name);
    const Model model = make_model(spec);
    const std::vector<TokenId> ids = token_ids(spec, 100);
    Evaluator whole(model, options_of(100));
    const auto all = run(whole, ids, [](std::size_t) { return Wanted{true, true}; });
    REQUIRE(all.logits.size() == ids.size());
    REQUIRE(all.hidden.size() == ids.size());
    for (const std::int32_t chunk : {1, 7, 64, 100}) {
      Evaluator evaluator(model, options_of(chunk, chunk == 7 ? 3 : 1));
      // Bit 0 of the pattern's number: logits; bit 1: hidden.
      for (const std::string pattern :
           {"3", "2", "1", "0312", "01", "0002", "20", "1230", "2221"}) {
        CAPTURE(pattern);
        const auto wants = [&](std::size_t i) {
          const int bits = pattern[i % pattern.size()] - '0';
          return Wanted{(bits & 1) != 0, (bits & 2) != 0};
        };
        const Outputs got = run(evaluator, ids, wants);
        std::size_t logits = 0;
        std::size_t hidden = 0;
        for (std::size_t i = 0; i < ids.size(); ++i) {
          if (wants(i).logits) REQUIRE(same_bits(got.logits.at(logits++), all.logits[i]));
          if (wants(i).hidden) REQUIRE(same_bits(got.hidden.at(hidden++), all.hidden[i]));
        }
        CHECK(got.logits.size() == logits);
        CHECK(got.hidden.size() == hidden);
      }
    }
  }
}

TEST_CASE(
    "model/hidden: it is what the head reads, and only rows that want logits reach the head") {
  const Spec spec = spec_named("plain");
  const std::vector<TokenId> ids = token_ids(spec, 50);
  Evaluator evaluator(make_model(spec), options_of(16));
  std::vector<float> head;
  std::size_t head_rows = 0;
  std::size_t down_rows = 0;
  evaluator.on_matrix_input([&](const MatrixInput& input) {
    if (input.tensor == "lm_head.weight") {
      head.insert(head.end(), input.values.begin(), input.values.end());
      head_rows += input.values.size() / input.columns;
    }
    if (input.tensor == "model.layers.2.mlp.down_proj.weight") {
      down_rows += input.values.size() / input.columns;
    }
  });
  const Outputs both = run(evaluator, ids, [](std::size_t i) { return Wanted{i % 3 == 0, true}; });
  CHECK(head_rows == 17);
  CHECK(down_rows == 50);
  std::vector<float> expected;
  for (std::size_t i = 0; i < ids.size(); i += 3) {
    expected.insert(expected.end(), both.hidden[i].begin(), both.hidden[i].end());
  }
  CHECK(same_bits(head, expected));

  head_rows = 0;
  down_rows = 0;
  const Outputs one = run(evaluator, ids, [](std::size_t i) { return Wanted{false, i == 40}; });
  CHECK(head_rows == 0);
  CHECK(down_rows == 1);
  REQUIRE(one.hidden.size() == 1);
  CHECK(same_bits(one.hidden[0], both.hidden[40]));
}

TEST_CASE("model/hidden: a batch in flight gives none, and the next batch forgets the last one's") {
  const Spec spec = spec_named("plain");
  Evaluator evaluator(make_model(spec), options_of(16));
  const SequenceId sequence = evaluator.create_sequence();
  evaluator.submit(std::vector<BatchRow>{{1, sequence, 0, false, true}});
  CHECK(evaluator.hidden_rows() == 0);
  while (!evaluator.advance(std::chrono::nanoseconds(0))) CHECK(evaluator.hidden_rows() == 0);
  CHECK(evaluator.hidden_rows() == 1);
  CHECK(evaluator.logits_rows() == 0);
  CHECK(evaluator.hidden(0).size() == 64);
  evaluator.append(sequence, {{2}});
  CHECK(evaluator.hidden_rows() == 0);
}

TEST_CASE("model/hidden: NaN is reported with its place, or marked for the engine") {
  const Model model = model_with_nan();
  Evaluator evaluator(model, options_of(2));
  const SequenceId sequence = evaluator.create_sequence();
  const std::vector<BatchRow> rows = {
      {1, sequence, 0, false, true}, {2, sequence, 1, true, false}, {5, sequence, 2, false, true}};
  check_error(ErrorCode::corrupt, "the hidden states of sequence 0 at position 2 are not finite",
              [&] { evaluator.evaluate(rows); });
  CHECK(evaluator.length(sequence) == 0);

  ModelRunner runner(model.info().config, *model.impl().weights, *model.impl().source,
                     resolve(options_of(2), DataType::f32), nullptr, BadRows::mark_row);
  REQUIRE(runner.create() == 0);
  runner.submit(rows);
  RunState run;
  run.start();
  REQUIRE(runner.advance(ModelRunner::Clock::time_point::max(), run));
  REQUIRE(runner.hidden_rows() == 2);
  CHECK(runner.is_hidden_finite(0));
  CHECK_FALSE(runner.is_hidden_finite(1));
  CHECK(runner.is_finite(0));
}

}  // namespace tlite

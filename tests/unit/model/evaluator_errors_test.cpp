// Evaluator: wrong batches, options and weights are refused by name, and all is as it was.
#include "api/model_impl.hpp"
#include "model/kv_cache.hpp"
#include "model/plan.hpp"
#include "unit/model/evaluator_checks.hpp"
#include "unit/model/synthetic.hpp"
#include "unit/support/errors.hpp"

#include <chrono>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {

using test::check_error;
using testing::copy;
using testing::Logits;
using testing::make_model;
using testing::same_bits;
using testing::small_options;
using testing::Spec;
using testing::spec_named;
using testing::TensorSet;
using testing::token_ids;

TEST_CASE("model/evaluator: wrong batches are refused by name, and nothing has changed") {
  const Spec spec = spec_named("plain");
  EvaluatorOptions options = small_options();
  options.context = 64;
  options.max_sequences = 2;
  options.max_logits_rows = 3;
  options.max_hidden_rows = 1;
  Evaluator evaluator(make_model(spec), options);
  const SequenceId sequence = evaluator.create_sequence();
  evaluator.append(sequence, {{1, 2, 3}});
  const Logits before = copy(evaluator.logits(0));
  const std::int32_t free = evaluator.free_positions();

  const auto evaluate = [&](std::vector<BatchRow> rows) {
    return [&evaluator, rows] { evaluator.evaluate(rows); };
  };
  const auto invalid = ErrorCode::invalid_argument;
  check_error(invalid, "the batch has no rows", evaluate({}));
  check_error(invalid, "row 0 has the token 96; the vocabulary has 96",
              evaluate({{96, sequence, 3, true}}));
  check_error(invalid, "row 1 has the token -1",
              evaluate({{0, sequence, 3, true}, {-1, sequence, 4, true}}));
  check_error(invalid, "there is no sequence 7", evaluate({{0, 7, 3, true}}));
  check_error(invalid, "there is no sequence -1", evaluate({{0, -1, 3, true}}));
  check_error(invalid, "row 0 has position 4, sequence 0 goes on at 3",
              evaluate({{0, sequence, 4, true}}));
  check_error(invalid, "row 1 has position 3, sequence 0 goes on at 4",
              evaluate({{0, sequence, 3, true}, {0, sequence, 3, true}}));
  check_error(invalid, "4 rows want logits; max_logits_rows is 3",
              evaluate({{0, sequence, 3, true},
                        {0, sequence, 4, true},
                        {0, sequence, 5, true},
                        {0, sequence, 6, true}}));
  check_error(invalid, "2 rows want hidden states; max_hidden_rows is 1",
              evaluate({{0, sequence, 3, false, true}, {0, sequence, 4, true, true}}));
  check_error(ErrorCode::context_full, "the context is full: 62 more positions need 2 pages of 32",
              [&] { evaluator.append(sequence, std::vector<TokenId>(62, 1)); });
  check_error(ErrorCode::context_full, "the context is full: 65 tokens do not fit in 64",
              [&] { evaluator.append(sequence, std::vector<TokenId>(65, 1)); });
  check_error(invalid, "the batch has no rows", [&] { evaluator.append(sequence, {}); });
  check_error(invalid, "there are no logits 1: the last batch has 1", [&] { evaluator.logits(1); });
  check_error(invalid, "there is no hidden state 0: the last batch has 0",
              [&] { evaluator.hidden(0); });
  check_error(invalid, "truncation of sequence 0 to 4, which has 3 positions",
              [&] { evaluator.truncate(sequence, 4); });
  check_error(invalid, "a fork of length 4 of sequence 0, which has 3 positions",
              [&] { evaluator.fork(sequence, 4); });
  check_error(ErrorCode::bad_state, "no batch is in flight",
              [&] { evaluator.advance(std::chrono::nanoseconds(1)); });
  evaluator.create_sequence();
  check_error(ErrorCode::bad_state, "all 2 sequences (max_sequences) are in use",
              [&] { evaluator.create_sequence(); });

  CHECK(evaluator.length(sequence) == 3);
  CHECK(evaluator.free_positions() == free);
  CHECK(same_bits(evaluator.logits(0), before));
  // 61 more fit exactly.
  evaluator.append(sequence, std::vector<TokenId>(61, 1));
  CHECK(evaluator.free_positions() == 0);
  check_error(ErrorCode::context_full, "the context is full", evaluate({{0, sequence, 64, true}}));
}

TEST_CASE("model/evaluator: options out of range are refused by name") {
  const Model model = make_model(spec_named("plain"));
  const auto with = [&](auto member, std::int32_t value) {
    EvaluatorOptions options;
    options.*member = value;
    return [&model, options] { Evaluator evaluator(model, options); };
  };
  const auto invalid = ErrorCode::invalid_argument;
  check_error(invalid, "EvaluatorOptions::context is 0", with(&EvaluatorOptions::context, 0));
  check_error(invalid, "EvaluatorOptions::context is -5", with(&EvaluatorOptions::context, -5));
  check_error(invalid, "max_sequences is 0", with(&EvaluatorOptions::max_sequences, 0));
  check_error(invalid, "max_batch_rows is 0", with(&EvaluatorOptions::max_batch_rows, 0));
  check_error(invalid, "max_logits_rows is 0", with(&EvaluatorOptions::max_logits_rows, 0));
  check_error(invalid, "max_hidden_rows is -1", with(&EvaluatorOptions::max_hidden_rows, -1));
  check_error(invalid, "threads is 257", with(&EvaluatorOptions::threads, 257));
  EvaluatorOptions other = small_options();
  other.kv_type = DataType::f16;
  Evaluator a(model, small_options());
  Evaluator b(model, other);
  const SequenceId sequence = a.create_sequence();
  check_error(invalid, "the other evaluator's kv_type is f32, this one's f16",
              [&] { b.adopt(a, sequence); });
  Evaluator c(make_model(spec_named("plain")), small_options());
  check_error(invalid, "the other evaluator runs another model", [&] { c.adopt(a, sequence); });
}

TEST_CASE("model/evaluator: no memory is an error at construction") {
  class Nothing final : public Allocator {
    void* allocate(std::size_t, std::size_t) noexcept override { return nullptr; }
    void deallocate(void*, std::size_t, std::size_t) noexcept override {}
  };
  Model model = make_model(spec_named("plain"));
  const_cast<Model::Impl&>(model.impl()).host.allocator = std::make_shared<Nothing>();
  check_error(ErrorCode::out_of_memory, "out of memory: the KV cache needs",
              [&] { Evaluator evaluator(model, small_options()); });
}

TEST_CASE("model/evaluator: what plan tells is what is allocated") {
  class Counter final : public Allocator {
   public:
    void* allocate(std::size_t bytes, std::size_t alignment) noexcept override {
      total += bytes;
      return ::operator new (bytes, std::align_val_t{alignment}, std::nothrow);
    }
    void deallocate(void* memory, std::size_t, std::size_t alignment) noexcept override {
      ::operator delete (memory, std::align_val_t{alignment});
    }
    std::size_t total = 0;
  };
  const auto counter = std::make_shared<Counter>();
  Model model = make_model(spec_named("groups"));
  const_cast<Model::Impl&>(model.impl()).host.allocator = counter;
  Evaluator evaluator(model, small_options());
  const std::uint64_t planned =
      kv_cache_bytes(KvLayout(model.info().config, DataType::f32, *model.impl().source), 2048) +
      scratch_bytes(model.info().config, evaluator.options(), false);
  CHECK(counter->total == planned);
  const SequenceId sequence = evaluator.create_sequence();
  evaluator.append(sequence, token_ids(spec_named("groups"), 100));
  CHECK(counter->total == planned);
}

TEST_CASE("model/evaluator: NaN and infinity in the logits are reported with their place") {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    static float planted;
    planted = bad;
    // Token 5 alone is damaged, so a prompt without it works.
    const Model model = make_model(spec_named("plain"), [](TensorSet& tensors) {
      std::memcpy(&tensors.bytes("model.embed_tokens.weight")[5 * 64 * 4], &planted, 4);
    });
    Evaluator evaluator(model, small_options());
    const SequenceId sequence = evaluator.create_sequence();
    evaluator.append(sequence, {{1, 2, 3}});
    check_error(ErrorCode::corrupt, "the logits of sequence 0 at position 4 are not finite", [&] {
      evaluator.append(sequence, {{4, 5}});
    });
    CHECK(evaluator.length(sequence) == 3);
    evaluator.append(sequence, {{4}});
    CHECK(evaluator.length(sequence) == 4);
  }
}

TEST_CASE("model/weights: missing tensors, wrong shapes and NaN in norms are named") {
  const auto make = [](void (*change)(TensorSet&)) {
    return [change] { make_model(spec_named("plain"), change); };
  };
  check_error(ErrorCode::not_found, "'model.layers.1.mlp.up_proj.weight'",
              make([](TensorSet& t) { t.tensor("model.layers.1.mlp.up_proj.weight").name = "x"; }));
  check_error(ErrorCode::corrupt,
              "tensor 'model.norm.weight' has the shape [1, 64], the configuration says [64]",
              make([](TensorSet& t) {
                t.tensor("model.norm.weight").shape = {1, 64};
              }));
  check_error(ErrorCode::corrupt, "'model.layers.2.self_attn.v_proj.bias' holds NaN at element 1",
              make([](TensorSet& t) {
                const float nan = std::numeric_limits<float>::quiet_NaN();
                std::memcpy(&t.bytes("model.layers.2.self_attn.v_proj.bias")[4], &nan, 4);
              }));
}

}  // namespace tlite

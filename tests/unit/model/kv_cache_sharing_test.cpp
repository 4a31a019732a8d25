// KV cache: pages that several sequences or evaluators share.
#include "unit/model/evaluator_checks.hpp"
#include "unit/model/synthetic.hpp"

#include <span>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>

namespace tlite {

using testing::all_logits;
using testing::make_model;
using testing::same_bits;
using testing::small_options;
using testing::Spec;
using testing::spec_named;
using testing::token_ids;

TEST_CASE("model/kv_cache: shared positions are counted once, and given back by the last holder") {
  const Spec spec = spec_named("plain");
  const Model model = make_model(spec);
  EvaluatorOptions options = small_options();
  options.context = 320;
  Evaluator evaluator(model, options);
  CHECK(evaluator.free_positions() == 320);
  const SequenceId base = evaluator.create_sequence();
  evaluator.append(base, token_ids(spec, 100));  // 3 pages and 4 positions of a fourth
  CHECK(evaluator.free_positions() == 220);
  const SequenceId forked = evaluator.fork(base);
  CHECK(evaluator.free_positions() == 192);  // the fourth page is shared: it cannot be appended to
  evaluator.append(forked, {{1}});           // copies it
  CHECK(evaluator.free_positions() == 160 + 28 + 27);
  evaluator.destroy_sequence(base);
  CHECK(evaluator.free_positions() == 192 + 27);
  evaluator.destroy_sequence(forked);
  CHECK(evaluator.free_positions() == 320);
}

TEST_CASE("model/kv_cache: adopted pages outlive the evaluator that made them") {
  const Spec spec = spec_named("plain");
  const Model model = make_model(spec);
  const std::vector<TokenId> ids = token_ids(spec, 100);
  Evaluator fresh(model, small_options());
  const auto expected = all_logits(fresh, fresh.create_sequence(), ids);
  Evaluator heir(model, small_options());
  SequenceId adopted = -1;
  {
    Evaluator maker(model, small_options());
    const SequenceId sequence = maker.create_sequence();
    maker.append(sequence, std::span(ids).first(50));
    adopted = heir.adopt(maker, sequence);
  }
  const auto rest = all_logits(heir, adopted, std::span(ids).subspan(50));
  for (std::size_t i = 0; i < rest.size(); ++i) REQUIRE(same_bits(rest[i], expected[50 + i]));
}

TEST_CASE("model/kv_cache: two evaluators run on a shared prefix in two threads") {
  const Spec spec = spec_named("plain");
  const Model model = make_model(spec);
  const std::vector<TokenId> ids = token_ids(spec, 200);
  Evaluator first(model, small_options());
  const SequenceId a = first.create_sequence();
  first.append(a, std::span(ids).first(70));
  Evaluator second(model, small_options());
  const SequenceId b = second.adopt(first, a);
  const auto run = [&](Evaluator& evaluator, SequenceId sequence) {
    for (std::size_t i = 70; i < ids.size(); ++i) evaluator.append(sequence, {{ids[i]}});
  };
  std::thread other([&] { run(second, b); });
  run(first, a);
  other.join();
  CHECK(same_bits(first.logits(0), second.logits(0)));
}

}  // namespace tlite

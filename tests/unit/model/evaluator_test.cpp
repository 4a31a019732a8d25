// Evaluator: the same bits whatever the batch; caches of other types stay near.
#include "api/model_impl.hpp"
#include "unit/model/evaluator_checks.hpp"
#include "unit/model/synthetic.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/evaluator.hpp>

namespace tlite {
namespace {

using testing::all_logits;
using testing::Logits;
using testing::make_model;
using testing::same_bits;
using testing::small_options;
using testing::Spec;
using testing::spec_named;
using testing::TensorSet;
using testing::token_ids;

// The largest difference, in units of the largest logit.
float relative_difference(const std::vector<Logits>& exact, const std::vector<Logits>& other) {
  float difference = 0;
  float largest = 0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    for (std::size_t t = 0; t < exact[i].size(); ++t) {
      difference = std::max(difference, std::abs(exact[i][t] - other[i][t]));
      largest = std::max(largest, std::abs(exact[i][t]));
    }
  }
  return difference / largest;
}

// Of the first two layers, which caches of bf16 and q8_0 then keep in these types.
void clear_key_biases(TensorSet& set) {
  for (const char* layer : {"0", "1"}) {
    auto& bias = set.bytes("model.layers." + std::string(layer) + ".self_attn.k_proj.bias");
    std::fill(bias.begin(), bias.end(), std::byte{0});
  }
}

struct Setup {
  const char* spec;
  std::optional<DataType> kv_type = {};

  EvaluatorOptions options() const {
    EvaluatorOptions options = small_options();
    options.kv_type = kv_type;
    return options;
  }
  Model model() const {
    return make_model(spec_named(spec), kv_type == DataType::bf16 ? clear_key_biases : nullptr);
  }
};

const Setup kSetups[] = {{"plain"},
                         {"odd"},
                         {"groups"},
                         {"window"},
                         {"bf16"},
                         {"packed_bf16"},
                         {"f16"},
                         {"odd", DataType::bf16},
                         {"groups", DataType::bf16},
                         {"window", DataType::bf16}};

}  // namespace

TEST_CASE("model/evaluator: chunks, threads and which rows want logits do not change a bit") {
  for (const Setup& setup : kSetups) {
    CAPTURE(setup.spec);
    const Spec spec = spec_named(setup.spec);
    const Model model = setup.model();
    const std::vector<TokenId> ids = token_ids(spec, 300);
    Evaluator whole(model, setup.options());
    const auto expected = all_logits(whole, whole.create_sequence(), ids);
    for (const std::int32_t chunk : {1, 7, 64, 300}) {
      for (const std::int32_t threads : {1, 2, 3}) {
        EvaluatorOptions options = setup.options();
        options.max_batch_rows = chunk;
        options.threads = threads;
        Evaluator evaluator(model, options);
        const auto got = all_logits(evaluator, evaluator.create_sequence(), ids);
        REQUIRE(got.size() == expected.size());
        for (std::size_t i = 0; i < got.size(); ++i) REQUIRE(same_bits(got[i], expected[i]));
        // The same in calls of a chunk each, logits of the last row alone.
        const SequenceId sequence = evaluator.create_sequence();
        for (std::size_t i = 0; i < ids.size();) {
          const std::size_t count = std::min(static_cast<std::size_t>(chunk), ids.size() - i);
          evaluator.append(sequence, std::span(ids).subspan(i, count));
          i += count;
          REQUIRE(evaluator.logits_rows() == 1);
          REQUIRE(same_bits(evaluator.logits(0), expected[i - 1]));
        }
      }
    }
  }
}

TEST_CASE("model/evaluator: sequences in one batch do not see each other") {
  for (const Setup& setup : kSetups) {
    CAPTURE(setup.spec);
    const Spec spec = spec_named(setup.spec);
    const Model model = setup.model();
    EvaluatorOptions options = setup.options();
    options.threads = 2;
    Evaluator evaluator(model, options);
    const std::vector<TokenId> ids = token_ids(spec, 120);
    // Sequence s begins at ids[s]; alone first.
    std::vector<std::vector<Logits>> alone;
    for (std::size_t s = 0; s < 5; ++s) {
      const SequenceId sequence = evaluator.create_sequence();
      alone.push_back(all_logits(evaluator, sequence, std::span(ids).subspan(s, 40 + 15 * s)));
      evaluator.destroy_sequence(sequence);
    }
    std::vector<SequenceId> sequences;
    for (int s = 0; s < 5; ++s) sequences.push_back(evaluator.create_sequence());
    // All together, a row of each in turn, so that chunks cut through everywhere.
    std::vector<BatchRow> rows;
    for (std::int32_t position = 0; position < 100; ++position) {
      for (std::size_t s = 0; s < 5; ++s) {
        if (static_cast<std::size_t>(position) >= alone[s].size()) continue;
        rows.push_back({ids[s + static_cast<std::size_t>(position)], sequences[s], position, true});
      }
    }
    evaluator.evaluate(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto s = static_cast<std::size_t>(rows[i].sequence - sequences[0]);
      REQUIRE(same_bits(evaluator.logits(static_cast<std::int32_t>(i)),
                        alone[s][static_cast<std::size_t>(rows[i].position)]));
    }
  }
}

TEST_CASE("model/evaluator: forks, truncation and adopted prefixes continue as if fresh") {
  for (const Setup& setup : kSetups) {
    CAPTURE(setup.spec);
    const Spec spec = spec_named(setup.spec);
    const Model model = setup.model();
    const std::vector<TokenId> ids = token_ids(spec, 150);
    const std::vector<TokenId> others =
        token_ids({.name = "others", .seed = 77, .vocab = spec.vocab}, 60);
    Evaluator evaluator(model, setup.options());
    Evaluator second(model, setup.options());
    const SequenceId base = evaluator.create_sequence();
    const auto expected = all_logits(evaluator, base, ids);
    for (const std::int32_t cut : {0, 1, 31, 32, 33, 64, 100, 149}) {
      CAPTURE(cut);
      const auto at = static_cast<std::size_t>(cut);
      // What follows the cut in a fresh sequence with another continuation.
      std::vector<TokenId> mixed(ids.begin(), ids.begin() + cut);
      mixed.insert(mixed.end(), others.begin(), others.end());
      const SequenceId fresh = second.create_sequence();
      const auto fresh_logits = all_logits(second, fresh, mixed);
      second.destroy_sequence(fresh);

      const SequenceId forked = evaluator.fork(base, cut);
      const SequenceId adopted = second.adopt(evaluator, base, cut);
      const auto from_fork = all_logits(evaluator, forked, others);
      const auto from_adopted = all_logits(second, adopted, others);
      for (std::size_t i = 0; i < others.size(); ++i) {
        REQUIRE(same_bits(from_fork[i], fresh_logits[at + i]));
        REQUIRE(same_bits(from_adopted[i], fresh_logits[at + i]));
      }
      // The fork goes back to the cut and takes the base's way.
      evaluator.truncate(forked, cut);
      const auto back = all_logits(evaluator, forked, std::span(ids).subspan(at));
      for (std::size_t i = 0; i < back.size(); ++i) REQUIRE(same_bits(back[i], expected[at + i]));
      evaluator.destroy_sequence(forked);
      second.destroy_sequence(adopted);
    }
    // The base itself was never touched.
    CHECK(evaluator.length(base) == 150);
    const auto next = all_logits(evaluator, base, {{ids[0]}});
    std::vector<TokenId> longer = ids;
    longer.push_back(ids[0]);
    const auto fresh = all_logits(second, second.create_sequence(), longer);
    CHECK(same_bits(next[0], fresh.back()));
  }
}

TEST_CASE("model/evaluator: all tiers give the same bits") {
  for (const Setup& setup :
       {Setup{"bf16"}, Setup{"packed_bf16"}, Setup{"f16"}, Setup{"bf16", DataType::bf16}}) {
    CAPTURE(setup.spec);
    const Spec spec = spec_named(setup.spec);
    const std::vector<TokenId> ids = token_ids(spec, 300);
    std::vector<std::vector<Logits>> by_tier;
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
      const Model model = setup.model();
      ::unsetenv("TLITE_CPU");
      CHECK(model.impl().weights->tier() == tier);
      Evaluator evaluator(model, setup.options());
      by_tier.push_back(all_logits(evaluator, evaluator.create_sequence(), ids));
      for (std::size_t i = 0; i < ids.size(); ++i) {
        REQUIRE(same_bits(by_tier.back()[i], by_tier.front()[i]));
      }
    }
  }
}

TEST_CASE("model/evaluator: inputs rounded to bf16 change the logits by their rounding") {
  const Spec exact_spec = spec_named("bf16");
  const std::vector<TokenId> ids = token_ids(exact_spec, 100);
  Evaluator exact(make_model(exact_spec), small_options());
  Evaluator rounded(make_model(spec_named("packed_bf16")), small_options());
  const auto expected = all_logits(exact, exact.create_sequence(), ids);
  const auto got = all_logits(rounded, rounded.create_sequence(), ids);
  const float difference = relative_difference(expected, got);
  CHECK(difference > 0);
  // Each of the 22 products a row goes through has inputs that are off by 2^-9 at most, each in its
  // own direction: sqrt(22) * 2^-9 = 0.9 % where nothing amplifies it.
  CHECK(difference < 4 * 0.009F);
}

TEST_CASE("model/evaluator: f16 and bf16 caches stay near the f32 one") {
  const Spec spec = spec_named("groups");
  const std::vector<TokenId> ids = token_ids(spec, 100);
  // With huge key biases, which a bf16 cache keeps in f16, and without.
  const auto difference = [&](const Model& model, DataType type) {
    const auto run = [&](DataType kv_type) {
      EvaluatorOptions options = small_options();
      options.kv_type = kv_type;
      Evaluator evaluator(model, options);
      return all_logits(evaluator, evaluator.create_sequence(), ids);
    };
    return relative_difference(run(DataType::f32), run(type));
  };
  const Model wide = make_model(spec);
  const Model narrow = make_model(spec, clear_key_biases);
  // Key biases of 400 meet scores of that size: a relative rounding of 2^-11 of one key moves a
  // score by up to a tenth before the softmax; the logits are means of many.
  const float f16 = difference(wide, DataType::f16);
  CHECK(f16 > 0.0F);
  CHECK(f16 < 0.02F);
  CHECK(difference(wide, DataType::bf16) == f16);
  // Queries, keys, exponentials and values are each off by 2^-9 at most: in two layers eight
  // roundings, 1.6 % where all of them add up.
  const float bf16 = difference(narrow, DataType::bf16);
  CHECK(bf16 > difference(narrow, DataType::f16));
  CHECK(bf16 < 0.016F);
}

TEST_CASE("model/evaluator: a q8_0 cache stays near the f32 one, keeps its bits, and is small") {
  // Rows of 64: two scales each. Without the huge key biases, and with them.
  for (const bool wide : {false, true}) {
    CAPTURE(wide);
    const Spec spec = {.name = "q8",
                       .seed = 12,
                       .hidden = 128,
                       .inner = 96,
                       .layers = 2,
                       .heads = 2,
                       .kv_heads = 1,
                       .head_dim = 64,
                       .vocab = 80};
    const Model model = make_model(spec, wide ? nullptr : clear_key_biases);
    const std::vector<TokenId> ids = token_ids(spec, 100);
    const auto run = [&](DataType type, std::int32_t rows, std::int32_t threads) {
      EvaluatorOptions options = small_options();
      options.kv_type = type;
      options.max_batch_rows = rows;
      options.threads = threads;
      Evaluator evaluator(model, options);
      return all_logits(evaluator, evaluator.create_sequence(), ids);
    };
    const auto exact = run(DataType::f32, 64, 1);
    const auto rounded = run(DataType::q8_0, 64, 1);
    CHECK(rounded == run(DataType::q8_0, 7, 2));
    const float difference = relative_difference(exact, rounded);
    CHECK(difference > 0.0F);
    // Keys and values are off by half a step of 1/127 of the largest in 32: less than a percent of
    // what attention gives, which is one of several terms of the logits.
    CHECK(difference < 0.02F);
  }
}

TEST_CASE("model/evaluator: rows without logits leave only their keys and values") {
  const Spec spec = spec_named("plain");
  Evaluator evaluator(make_model(spec), small_options());
  const std::vector<TokenId> ids = token_ids(spec, 90);
  const auto expected = all_logits(evaluator, evaluator.create_sequence(), ids);
  const SequenceId sequence = evaluator.create_sequence();
  std::vector<BatchRow> rows;
  for (std::size_t i = 0; i < 80; ++i) {
    rows.push_back({ids[i], sequence, static_cast<std::int32_t>(i), false});
  }
  evaluator.evaluate(rows);
  CHECK(evaluator.logits_rows() == 0);
  CHECK(evaluator.length(sequence) == 80);
  evaluator.append(sequence, std::span(ids).subspan(80));
  CHECK(same_bits(evaluator.logits(0), expected.back()));
}

}  // namespace tlite

// Evaluator: the same bits whatever the batch, and errors that leave everything as it was.
#include "api/model_impl.hpp"
#include "model/kv_cache.hpp"
#include "model/plan.hpp"
#include "unit/model/synthetic.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/error.hpp>
#include <tlite/evaluator.hpp>

namespace tlite {
namespace {

using testing::make_model;
using testing::Spec;
using testing::spec_named;
using testing::TensorSet;
using testing::token_ids;

using Logits = std::vector<float>;

Logits copy(std::span<const float> logits) { return {logits.begin(), logits.end()}; }

bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

EvaluatorOptions small_options() {
  EvaluatorOptions options;
  options.context = 2048;
  options.max_batch_rows = 64;
  options.max_logits_rows = 1024;
  options.threads = 1;
  return options;
}

// Logits of every position of ids, all in one batch.
std::vector<Logits> all_logits(Evaluator& evaluator, SequenceId sequence,
                               std::span<const TokenId> ids) {
  std::vector<BatchRow> rows;
  std::int32_t position = evaluator.length(sequence);
  for (const TokenId id : ids) rows.push_back({id, sequence, position++, true});
  evaluator.evaluate(rows);
  std::vector<Logits> out;
  for (std::int32_t i = 0; i < evaluator.logits_rows(); ++i) {
    out.push_back(copy(evaluator.logits(i)));
  }
  return out;
}

// Checks that a call throws an Error of this code whose text contains `text`.
template <class Call>
void check_error(ErrorCode code, const std::string& text, Call&& call) {
  try {
    call();
    FAIL("no error, expected: " << text);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    CAPTURE(error.what());
    CHECK(std::string(error.what()).find(text) != std::string::npos);
  }
}

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

void clear_key_biases(TensorSet& set) {
  for (const char* layer : {"0", "1"}) {
    auto& bias = set.bytes("model.layers." + std::string(layer) + ".self_attn.k_proj.bias");
    std::fill(bias.begin(), bias.end(), std::byte{0});
  }
}

const char* const kSpecs[] = {"plain", "odd", "groups", "window", "bf16", "packed_bf16", "f16"};

}  // namespace

TEST_CASE("model/evaluator: chunks, threads and which rows want logits do not change a bit") {
  for (const char* name : kSpecs) {
    CAPTURE(name);
    const Spec spec = spec_named(name);
    const Model model = make_model(spec);
    const std::vector<TokenId> ids = token_ids(spec, 300);
    Evaluator whole(model, small_options());
    const auto expected = all_logits(whole, whole.create_sequence(), ids);
    for (const std::int32_t chunk : {1, 7, 64, 300}) {
      for (const std::int32_t threads : {1, 2, 3}) {
        EvaluatorOptions options = small_options();
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
  for (const char* name : kSpecs) {
    CAPTURE(name);
    const Spec spec = spec_named(name);
    const Model model = make_model(spec);
    EvaluatorOptions options = small_options();
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
  for (const char* name : kSpecs) {
    CAPTURE(name);
    const Spec spec = spec_named(name);
    const Model model = make_model(spec);
    const std::vector<TokenId> ids = token_ids(spec, 150);
    const std::vector<TokenId> others =
        token_ids({.name = "others", .seed = 77, .vocab = spec.vocab}, 60);
    Evaluator evaluator(model, small_options());
    Evaluator second(model, small_options());
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
  for (const char* name : {"bf16", "packed_bf16", "f16"}) {
    const Spec spec = spec_named(name);
    const std::vector<TokenId> ids = token_ids(spec, 300);
    std::vector<std::vector<Logits>> by_tier;
    for (const CpuTier tier : kCpuTiers) {
      if (!cpu_has(tier)) continue;
      ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
      const Model model = make_model(spec);
      ::unsetenv("TLITE_CPU");
      CHECK(model.impl().weights->tier() == tier);
      Evaluator evaluator(model, small_options());
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

TEST_CASE("base/cpu: TLITE_CPU names a tier that exists here") {
  ::setenv("TLITE_CPU", "mmx", 1);
  check_error(
      ErrorCode::invalid_argument,
      "TLITE_CPU is 'mmx'; it takes one of scalar, avx2, avx_vnni, avx512, amx, neon, neon_i8mm",
      [] { cpu_tier_from_environment(); });
  ::setenv("TLITE_CPU", "", 1);
  CHECK(cpu_tier_from_environment() == best_cpu_tier());
  for (const CpuTier tier : kCpuTiers) {
    ::setenv("TLITE_CPU", std::string(to_string(tier)).c_str(), 1);
    if (cpu_has(tier)) {
      CHECK(cpu_tier_from_environment() == tier);
    } else {
      check_error(ErrorCode::not_supported, "which this processor lacks",
                  [] { cpu_tier_from_environment(); });
    }
  }
  ::unsetenv("TLITE_CPU");
}

TEST_CASE("model/evaluator: f16 and bf16 caches stay near the f32 one") {
  const Spec spec = spec_named("groups");
  const Model model = make_model(spec);
  const std::vector<TokenId> ids = token_ids(spec, 100);
  const auto run = [&](DataType type) {
    EvaluatorOptions options = small_options();
    options.kv_type = type;
    Evaluator evaluator(model, options);
    return all_logits(evaluator, evaluator.create_sequence(), ids);
  };
  const auto exact = run(DataType::f32);
  for (const auto& [type, bound] :
       {std::pair{DataType::f16, 0.02F}, std::pair{DataType::bf16, 0.25F}}) {
    const auto rounded = run(type);
    const float difference = relative_difference(exact, rounded);
    CHECK(difference > 0.0F);
    // Key biases of 400 meet scores of that size: a relative rounding of 2^-11 (2^-8) of one key
    // moves a score by up to a tenth (one) before the softmax; the logits are means of many.
    CHECK(difference < bound);
  }
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

TEST_CASE("model/evaluator: wrong batches are refused by name, and nothing has changed") {
  const Spec spec = spec_named("plain");
  EvaluatorOptions options = small_options();
  options.context = 64;
  options.max_sequences = 2;
  options.max_logits_rows = 3;
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
  check_error(ErrorCode::context_full, "the context is full: 62 more positions need 2 pages of 32",
              [&] { evaluator.append(sequence, std::vector<TokenId>(62, 1)); });
  check_error(ErrorCode::context_full, "the context is full: 65 tokens do not fit in 64",
              [&] { evaluator.append(sequence, std::vector<TokenId>(65, 1)); });
  check_error(invalid, "the batch has no rows", [&] { evaluator.append(sequence, {}); });
  check_error(invalid, "there are no logits 1: the last batch has 1", [&] { evaluator.logits(1); });
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

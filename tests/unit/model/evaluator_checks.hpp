// What the tests of Evaluator share: small options, logits as vectors and their bits.
#pragma once

#include "unit/model/synthetic.hpp"
#include "unit/support/bits.hpp"

#include <cstdint>
#include <span>
#include <vector>

#include <tlite/evaluator.hpp>

namespace tlite::testing {

using Logits = std::vector<float>;

inline Logits copy(std::span<const float> logits) { return {logits.begin(), logits.end()}; }

using test::same_bits;

inline EvaluatorOptions small_options() {
  EvaluatorOptions options;
  options.context = 2048;
  options.max_batch_rows = 64;
  options.max_logits_rows = 1024;
  options.threads = 1;
  return options;
}

// Logits of every position of ids, all in one batch.
inline std::vector<Logits> all_logits(Evaluator& evaluator, SequenceId sequence,
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

}  // namespace tlite::testing

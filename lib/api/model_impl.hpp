// What a Model holds. Built by Model::load; tests build one of weights made up in memory.
#pragma once

#include "base/worker_lease.hpp"
#include "format/weight_source.hpp"
#include "model/weights.hpp"

#include <memory>
#include <optional>

#include <tlite/error.hpp>
#include <tlite/model.hpp>

namespace tlite {

// Immutable once it is loaded, so that any number of threads share it without a lock; sessions,
// engines and evaluators keep it alive.
struct Model::Impl {
  WorkerLease lease;  // threads that packed the weights answer with them, session after session
  Host host;
  ModelInfo info;  // info.config is the model's
  std::unique_ptr<const WeightSource> source;
  std::unique_ptr<const ModelWeights> weights;  // points into source, so it goes first
  std::optional<Tokenizer> tokenizer;
  std::optional<ChatTemplate> chat_template;
  std::optional<Error> chat_template_error;  // why there is none
  SamplingParams sampling;
};

}  // namespace tlite

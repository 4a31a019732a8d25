// What a tlite_model is. The weights belong to tlite::Model, which shares them with sessions,
// evaluators and engines: they keep working when this handle is freed.
#pragma once

#include "arguments.hpp"
#include "sampling.hpp"

#include <cstdint>
#include <utility>

#include <tlite.h>

#include <tlite/model.hpp>

// Nothing changes after the constructor, so any thread may use it, and views into it live as long
// as it does.
struct tlite_model {
  tlite_model(tlite::Model model, std::int32_t threads)
      : value(std::move(model)), default_threads(threads), sampling(value.default_sampling()) {}

  tlite::Model value;
  std::int32_t default_threads;  // the host's
  // Here, and not made for each who asks, since the lists of tlite_model_get_default_sampling live
  // as long as the model.
  tlite::capi::SamplingView sampling;

  // What a `threads` option means for objects made from this model.
  std::int32_t threads(std::int32_t asked) const {
    return tlite::capi::threads_in(asked, default_threads);
  }
};

namespace tlite::capi {

// The caller's: it has a copy of all texts and outlives the model.
tlite_model_info* new_model_info(ModelInfo info);

}  // namespace tlite::capi

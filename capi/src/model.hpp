#pragma once

#include "arguments.hpp"
#include "sampling.hpp"

#include <cstdint>
#include <utility>

#include <tlite.h>

#include <tlite/model.hpp>

struct tlite_model {
  tlite_model(tlite::Model model, std::int32_t threads)
      : value(std::move(model)), default_threads(threads), sampling(value.default_sampling()) {}

  tlite::Model value;
  std::int32_t default_threads;  // the host's
  tlite::capi::SamplingView sampling;

  // What a `threads` option means for objects made from this model.
  std::int32_t threads(std::int32_t asked) const {
    return tlite::capi::threads_in(asked, default_threads);
  }
};

namespace tlite::capi {

tlite_model_info* new_model_info(ModelInfo info);

}  // namespace tlite::capi

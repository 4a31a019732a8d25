#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <tlite.h>

namespace tlite::capi {

struct ProgressState {
  std::atomic<float> fraction = 0;
  std::atomic<bool> cancelled = false;
};

// Both ways to watch a long call, where there are any; else empty.
std::function<bool(float)> progress_in(int32_t (*on_progress)(float, void*), void* user,
                                       const tlite_progress* progress);

}  // namespace tlite::capi

struct tlite_progress {
  std::shared_ptr<tlite::capi::ProgressState> state;
};

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <tlite.h>

namespace tlite::capi {

struct ProgressState {
  std::atomic<std::int64_t> done = 0;
  std::atomic<std::int64_t> total = 0;
  std::atomic<bool> cancelled = false;
};
// Signal handlers cancel.
static_assert(std::atomic<bool>::is_always_lock_free);

// Both ways to watch a long call, where there are any; else empty. False stops the call.
std::function<bool(std::int64_t done, std::int64_t total)> progress_in(
    tlite_progress_callback on_progress, void* user, const tlite_progress* progress);
// The same for calls that tell fractions.
std::function<bool(float)> fraction_progress_in(tlite_progress_callback on_progress, void* user,
                                                const tlite_progress* progress);

}  // namespace tlite::capi

struct tlite_progress {
  std::shared_ptr<tlite::capi::ProgressState> state;
};

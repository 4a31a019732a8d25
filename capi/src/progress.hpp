// Progress and brake of the long calls that are no session: loads, quantizing, measuring, beam
// search. A callback and a tlite_progress are two ways to the same, and a call may have both.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>

#include <tlite.h>

namespace tlite::capi {

// Shared by the handle and the call that tells, so that the handle may be freed while the call goes
// on. Only atomics, since the asking thread is another one. They are relaxed: a number is all that
// is learned of them, and nothing else is read because of it.
struct ProgressState {
  std::atomic<std::int64_t> done = 0;
  std::atomic<std::int64_t> total = 0;
  std::atomic<bool> cancelled = false;
};
// Signal handlers cancel.
static_assert(std::atomic<bool>::is_always_lock_free);

// Both ways to watch a long call, where there are any; else empty. False stops the call. What comes
// out holds the state and `user` and is called on the thread that made the call.
std::function<bool(std::int64_t done, std::int64_t total)> progress_in(
    tlite_progress_callback on_progress, void* user, const tlite_progress* progress);
// The same for calls that tell fractions.
std::function<bool(float)> fraction_progress_in(tlite_progress_callback on_progress, void* user,
                                                const tlite_progress* progress);

}  // namespace tlite::capi

struct tlite_progress {
  std::shared_ptr<tlite::capi::ProgressState> state;
};

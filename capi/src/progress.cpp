#include "progress.hpp"

#include "guard.hpp"

#include <cmath>
#include <utility>

namespace tlite::capi {

namespace {

// The C++ API tells fractions, C counts: one form of progress for tokens, rows and files.
constexpr std::int64_t kParts = 1000000;

}  // namespace

std::function<bool(std::int64_t, std::int64_t)> progress_in(tlite_progress_callback on_progress,
                                                            void* user,
                                                            const tlite_progress* progress) {
  std::shared_ptr<ProgressState> state;
  if (progress != nullptr) state = progress->state;
  if (on_progress == nullptr && !state) return {};
  return [state, on_progress, user](std::int64_t done, std::int64_t total) {
    if (state) {
      state->total.store(total, std::memory_order_relaxed);
      state->done.store(done, std::memory_order_relaxed);
    }
    if (on_progress != nullptr && on_progress(done, total, user) != 0) return false;
    // A cancel is used up by what it stops.
    // Read behind the callback and exchanged, not read and then cleared: one that comes in between
    // is not lost. Where the callback has stopped the call, the cancel is left for the next one.
    return !state || !state->cancelled.exchange(false, std::memory_order_relaxed);
  };
}

std::function<bool(float)> fraction_progress_in(tlite_progress_callback on_progress, void* user,
                                                const tlite_progress* progress) {
  auto tell = progress_in(on_progress, user, progress);
  if (!tell) return {};
  return [tell = std::move(tell)](float fraction) {
    return tell(std::llround(static_cast<double>(fraction) * double{kParts}), kParts);
  };
}

}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_progress_create(tlite_progress** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_progress{std::make_shared<ProgressState>()};
  });
}

void tlite_progress_free(tlite_progress* progress) noexcept { delete progress; }

void tlite_progress_get(const tlite_progress* progress, int64_t* done, int64_t* total) noexcept {
  if (progress == nullptr) return;
  if (done != nullptr) *done = progress->state->done.load(std::memory_order_relaxed);
  if (total != nullptr) *total = progress->state->total.load(std::memory_order_relaxed);
}

// One store, for signal handlers. It is kept where no call runs, and the next one that is given
// this progress finds it.
void tlite_progress_cancel(tlite_progress* progress) noexcept {
  if (progress != nullptr) progress->state->cancelled.store(true, std::memory_order_relaxed);
}

void tlite_progress_reset(tlite_progress* progress) noexcept {
  if (progress == nullptr) return;
  progress->state->done.store(0, std::memory_order_relaxed);
  progress->state->total.store(0, std::memory_order_relaxed);
  progress->state->cancelled.store(false, std::memory_order_relaxed);
}

#include "progress.hpp"

#include "guard.hpp"

namespace tlite::capi {

std::function<bool(float)> progress_in(int32_t (*on_progress)(float, void*), void* user,
                                       const tlite_progress* progress) {
  std::shared_ptr<ProgressState> state;
  if (progress != nullptr) state = progress->state;
  if (on_progress == nullptr && !state) return {};
  return [state, on_progress, user](float fraction) {
    if (state) state->fraction.store(fraction, std::memory_order_relaxed);
    if (on_progress != nullptr && on_progress(fraction, user) != 0) return false;
    return !state || !state->cancelled.load(std::memory_order_relaxed);
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

float tlite_progress_fraction(const tlite_progress* progress) noexcept {
  return progress == nullptr ? 0 : progress->state->fraction.load(std::memory_order_relaxed);
}

void tlite_progress_cancel(tlite_progress* progress) noexcept {
  if (progress != nullptr) progress->state->cancelled.store(true, std::memory_order_relaxed);
}

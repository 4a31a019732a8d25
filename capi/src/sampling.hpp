// Sampling parameters to and from C. Their ranges are left to validate() of the C++ API; here are
// the lists, which C gives as pointers and C++ owns.
//
// A new field of tlite_sampling_params belongs in three places: sampling_in, sampling_scalars_out,
// and, if it is a list, SamplingView. Missing in the second, it has 0 for a default.
#pragma once

#include <vector>

#include <tlite.h>

#include <tlite/sampling.hpp>

namespace tlite::capi {

// A copy of everything, so that the caller's lists may go with the call. Checks no range.
SamplingParams sampling_in(const tlite_sampling_params* params);

// Throws Error(cancelled) where the callback says stop. NULL: none.
// The processor holds `user` and is copied with a session's forks and into requests: `user` must
// live as long as any of them may make a token.
LogitsProcessor logits_processor_in(tlite_logits_callback callback, void* user);

// Everything but the lists, which come out empty.
// For defaults and presets, whose lists would have nobody to own them.
tlite_sampling_params sampling_scalars_out(const SamplingParams& params) noexcept;

// Parameters as C sees them, with lists that live as long as this object. Never moved. `value_`
// comes first: `view_` is made from it, and points into all others.
class SamplingView {
 public:
  explicit SamplingView(SamplingParams params);
  SamplingView(const SamplingView&) = delete;
  SamplingView& operator=(const SamplingView&) = delete;

  const tlite_sampling_params& view() const noexcept { return view_; }

 private:
  const SamplingParams value_;
  std::vector<tlite_logit_bias> logit_bias_;
  std::vector<tlite_text> stop_;
  std::vector<tlite_token_list> bad_words_;
  std::vector<tlite_token_list> breakers_;
  std::vector<tlite_sequence_bias> sequence_bias_;
  tlite_sampling_params view_;
};

}  // namespace tlite::capi

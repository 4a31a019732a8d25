#pragma once

#include <vector>

#include <tlite.h>

#include <tlite/sampling.hpp>

namespace tlite::capi {

SamplingParams sampling_in(const tlite_sampling_params* params);

// Throws Error(cancelled) where the callback says stop. NULL: none.
LogitsProcessor logits_processor_in(tlite_logits_callback callback, void* user);

// Everything but the lists, which come out empty.
tlite_sampling_params sampling_scalars_out(const SamplingParams& params) noexcept;

// Parameters as C sees them, with lists that live as long as this object. Never moved.
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

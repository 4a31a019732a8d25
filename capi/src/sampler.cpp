// Samplers and stop strings for callers that drive an evaluator. Both belong to one thread at a
// time; of a sampler that is checked, since its logits callback may call back into it.
#include "arguments.hpp"
#include "generation.hpp"
#include "model.hpp"
#include "sampling.hpp"

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <tlite/sampler.hpp>
#include <tlite/stop_matcher.hpp>

namespace tlite::capi {

// What it needs of the model is copied: it may outlive the handle.
struct SamplerState {
  SamplerState(const tlite::Model& model, const tlite::SamplingParams& params)
      : value(params, static_cast<std::size_t>(model.info().config.vocab_size),
              model.info().eos_token_ids, model.tokenizer().thinking_tokens()),
        tokenizer(model.tokenizer()) {}

  tlite::Sampler value;
  const tlite::Tokenizer tokenizer;
  // The last token. The buffers are kept, so that one without logprobs allocates nothing.
  tlite_sampled_token view = {};
  LogprobList chosen;
  LogprobList likeliest;
  std::atomic<bool> in_use{false};
};

namespace {

// A sampler that is worked on: it stays until then, though a callback frees the handle.
class SamplerUse {
 public:
  explicit SamplerUse(tlite_sampler* sampler);
  SamplerState* operator->() const noexcept { return state_.get(); }
  SamplerState& operator*() const noexcept { return *state_; }
  bool is_freed() const noexcept { return state_.use_count() == 1; }

 private:
  std::shared_ptr<SamplerState> state_;
  InUse in_use_;
};

}  // namespace
}  // namespace tlite::capi

struct tlite_sampler {
  std::shared_ptr<tlite::capi::SamplerState> state;
};

struct tlite_stop_matcher {
  tlite::StopMatcher value;
  // Copied from the matcher's own buffer to put the NUL behind it.
  std::string text;  // of the last call, NUL behind it
};

namespace tlite::capi {
namespace {

SamplerUse::SamplerUse(tlite_sampler* sampler)
    : state_(required(sampler, "sampler").state), in_use_(state_->in_use, "sampler") {}

// The pointers stay NULL where nobody asked for log probabilities: that is how C tells.
void set_view(SamplerState& self, const SampledToken& sampled) {
  self.chosen.clear();
  self.likeliest.clear();
  self.view = {};
  self.view.struct_size = sizeof self.view;
  self.view.token = sampled.token;
  if (sampled.logprob) {
    self.chosen.add(*sampled.logprob, self.tokenizer);
    self.view.logprob = self.chosen.data();
  }
  if (sampled.top_logprobs.empty()) return;
  for (const TokenLogprob& logprob : sampled.top_logprobs) {
    self.likeliest.add(logprob, self.tokenizer);
  }
  self.view.top_logprobs = self.likeliest.data();
  self.view.top_logprob_count = self.likeliest.size();
}

}  // namespace
}  // namespace tlite::capi

using namespace tlite::capi;

tlite_status tlite_sampler_create(const tlite_model* model, const tlite_sampling_params* params,
                                  tlite_sampler** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const tlite::Model& from = required(model, "model").value;
    *out = new tlite_sampler{std::make_shared<SamplerState>(
        from, params == nullptr ? from.default_sampling() : sampling_in(params))};
  });
}

void tlite_sampler_free(tlite_sampler* sampler) noexcept { delete sampler; }

tlite_status tlite_sampler_on_logits(tlite_sampler* sampler, tlite_logits_callback on_logits,
                                     void* user, tlite_error** error) noexcept {
  return guard(error, [&] {
    SamplerUse(sampler)->value.set_logits_processor(logits_processor_in(on_logits, user));
  });
}

tlite_status tlite_sampler_observe_prompt(tlite_sampler* sampler, const int32_t* ids,
                                          size_t id_count, tlite_error** error) noexcept {
  return guard(error,
               [&] { SamplerUse(sampler)->value.observe_prompt(list_in(ids, id_count, "ids")); });
}

tlite_status tlite_sampler_sample(tlite_sampler* sampler, const float* logits, size_t logit_count,
                                  const uint32_t* mask, size_t mask_count,
                                  const tlite_sampled_token** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    const SamplerUse self(sampler);
    self->value.sample(list_in(logits, logit_count, "logits"), list_in(mask, mask_count, "mask"),
                       [&](const tlite::SampledToken& sampled) { set_view(*self, sampled); });
    *out = self.is_freed() ? nullptr : &self->view;
  });
}

void tlite_sampler_end_thinking(tlite_sampler* sampler) noexcept {
  if (sampler != nullptr) sampler->state->value.end_thinking();
}

tlite_status tlite_sampler_accept(tlite_sampler* sampler, int32_t token,
                                  tlite_error** error) noexcept {
  return guard(error, [&] { SamplerUse(sampler)->value.accept(token); });
}

tlite_status tlite_sampler_reset(tlite_sampler* sampler, tlite_error** error) noexcept {
  return guard(error, [&] { SamplerUse(sampler)->value.reset(); });
}

uint64_t tlite_sampler_seed(const tlite_sampler* sampler) noexcept {
  return sampler == nullptr ? 0 : sampler->state->value.seed();
}

tlite_status tlite_stop_matcher_create(const tlite_text* stops, size_t stop_count, int32_t keep,
                                       tlite_stop_matcher** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    std::vector<std::string> texts;
    for (const tlite_text& stop : list_in(stops, stop_count, "stops")) {
      texts.emplace_back(text_in(stop, "stops"));
    }
    *out = new tlite_stop_matcher{tlite::StopMatcher(texts, keep != 0), {}};
  });
}

void tlite_stop_matcher_free(tlite_stop_matcher* matcher) noexcept { delete matcher; }

tlite_status tlite_stop_matcher_push(tlite_stop_matcher* matcher, const char* text,
                                     size_t text_size, tlite_text* out, tlite_text* found,
                                     tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite_stop_matcher& self = required(matcher, "matcher");
    self.text = self.value.push(text_in(text, text_size, "text"));
    *out = text_out(self.text);
    if (found != nullptr) *found = text_out(self.value.found());
  });
}

tlite_status tlite_stop_matcher_flush(tlite_stop_matcher* matcher, tlite_text* out,
                                      tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    tlite_stop_matcher& self = required(matcher, "matcher");
    self.text = self.value.flush();
    *out = text_out(self.text);
  });
}

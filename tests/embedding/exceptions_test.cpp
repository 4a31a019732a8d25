// Callbacks of hosts in C++ that throw, which they must not: the call ends with an error, nothing
// is thrown at the caller, and what was at work goes on.
#include "check.h"

#include <cstdint>
#include <stdexcept>

namespace {

struct NotOurs {};

std::int32_t throw_at_piece(const tlite_piece*, void*) {
  throw std::runtime_error("the host's own");
}
std::int32_t throw_at_progress(std::int64_t, std::int64_t, void*) { throw NotOurs(); }
std::int32_t throw_at_logits(const std::int32_t*, std::size_t, float*, std::size_t, void*) {
  throw std::runtime_error("the host's own");
}

}  // namespace

TEST(throwing, "embedding/exceptions: what a callback throws ends its call, and goes no further") {
  tlite_model* model = nullptr;
  tlite_load_options load;
  tlite_load_options_init(&load, sizeof load);
  load.on_progress = throw_at_progress;
  CHECK_STATUS(tlite_model_load(nullptr, TLITE_TEST_MODEL, TLITE_NUL, &load, &model, &error),
               TLITE_ERROR_INTERNAL);
  CHECK_OK(tlite_model_load(nullptr, TLITE_TEST_MODEL, TLITE_NUL, nullptr, &model, &error));
  tlite_session* session = nullptr;
  CHECK_OK(tlite_session_create(model, nullptr, &session, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = 3;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  CHECK_OK(tlite_session_add_user(session, "Привет", TLITE_NUL, &error));
  CHECK_ERROR(tlite_session_reply(session, throw_at_piece, nullptr, nullptr, &error),
              TLITE_ERROR_INTERNAL, "the host's own");
  CHECK_OK(tlite_session_on_prefill(session, throw_at_progress, nullptr, &error));
  CHECK_STATUS(tlite_session_reply(session, nullptr, nullptr, nullptr, &error),
               TLITE_ERROR_INTERNAL);
  CHECK_OK(tlite_session_on_prefill(session, nullptr, nullptr, &error));
  CHECK_OK(tlite_session_reply(session, nullptr, nullptr, nullptr, &error));
  tlite_session_free(session);

  tlite_sampler* sampler = nullptr;
  const float logits[2560] = {};
  const tlite_sampled_token* chosen = nullptr;
  CHECK_OK(tlite_sampler_create(model, nullptr, &sampler, &error));
  CHECK_OK(tlite_sampler_on_logits(sampler, throw_at_logits, nullptr, &error));
  CHECK_ERROR(tlite_sampler_sample(sampler, logits, 2560, nullptr, 0, &chosen, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "the host's own");
  tlite_sampler_free(sampler);
  tlite_model_free(model);
}

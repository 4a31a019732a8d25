#include "tiny_session.h"

tlite_model* tiny_model_load(memory_host* host) {
  memory_host_init(host);
  tlite_host* const given = memory_host_create(host);
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(given, "memory", TLITE_NUL, NULL, &model, &error));
  tlite_host_free(given);
  return model;
}

tlite_session* tiny_session(const tlite_model* model, int32_t max_new_tokens) {
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 256;
  options.max_batch_rows = 32;
  tlite_session* session = NULL;
  CHECK_OK(tlite_session_create(model, &options, &session, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.temperature = 0;
  params.max_new_tokens = max_new_tokens;
  params.ignore_eos = 1;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  return session;
}

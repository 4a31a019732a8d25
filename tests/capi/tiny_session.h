/* What many tests begin with. */
#ifndef TLITE_TESTS_CAPI_TINY_SESSION_H
#define TLITE_TESTS_CAPI_TINY_SESSION_H

#include "check.h"
#include "memory_host.h"
#include "tiny_model.h"

/* The tiny model in `host`, which is initialised; its host is freed already. NULL, and a failed
 * check, where that fails. */
tlite_model* tiny_model_load(memory_host* host);

/* A session of 256 tokens that answers greedily with `max_new_tokens` at most. */
tlite_session* tiny_session(const tlite_model* model, int32_t max_new_tokens);

#endif

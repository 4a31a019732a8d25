/* What the programs of a frozen version share. They are compiled against the tlite.h beside them, as
 * it was, and run on every later library. None of these files changes any more. */
#ifndef TLITE_TESTS_CAPI_FROZEN_USE_H
#define TLITE_TESTS_CAPI_FROZEN_USE_H

#include "tlite.h"

/* Ends the program where it is not so. */
void must_be(int holds, const char* what, const char* file, int line);
/* Ends it with the error's message. */
void must_work(tlite_status status, tlite_error* error, const char* file, int line);

#define MUST(condition) must_be((condition) != 0, #condition, __FILE__, __LINE__)
/* `call` passes &error where the error goes. */
#define WORKS(call)                                 \
  do {                                              \
    tlite_error* error = NULL;                      \
    const tlite_status answered = (call);           \
    must_work(answered, error, __FILE__, __LINE__); \
  } while (0)
#define FAILS(call, expected)                       \
  do {                                              \
    tlite_error* error = NULL;                      \
    MUST((call) == (expected));                     \
    MUST(tlite_error_status(error) == (expected));  \
    MUST(tlite_error_message(error, NULL)[0] != 0); \
    tlite_error_free(error);                        \
  } while (0)

/* Without an end before so many tokens, and the same at each call. */
tlite_sampling_params greedy(int32_t max_new_tokens);

void use_names(void);
tlite_model* use_host_and_model(const char* path);
void use_files(const char* path, const char* scratch);
void use_texts(const tlite_model* model, const char* path);
void use_sessions(const tlite_model* model);
void use_engine(const tlite_model* model);
void use_evaluator(const tlite_model* model);

#endif

/* Beam search, in C. */
#include "tiny_session.h"

#include <pthread.h>

static const int32_t prompt[] = {104, 105, 32};

static tlite_engine* tiny_engine(const tlite_model* model) {
  tlite_engine_options options;
  CHECK_OK(tlite_engine_options_init(&options, sizeof options));
  options.context = 512;
  options.max_sequences = 4;
  tlite_engine* engine = NULL;
  CHECK_OK(tlite_engine_create(model, &options, &engine, &error));
  return engine;
}

static tlite_beam_options options_of(int32_t width) {
  tlite_beam_options options;
  CHECK_OK(tlite_beam_options_init(&options, sizeof options));
  CHECK(options.beam_width == 4 && options.max_new_tokens == TLITE_UNSET);
  CHECK(options.length_penalty == 1.0F && options.num_return == TLITE_UNSET);
  CHECK(options.scoring == TLITE_BEAM_SCORING_HUGGINGFACE);
  CHECK(options.early_stopping == TLITE_BEAM_STOPPING_HEURISTIC);
  options.beam_width = width;
  options.max_new_tokens = 5;
  options.ignore_eos = 1;
  return options;
}

static int32_t count_tokens(int64_t done, int64_t total, void* user) {
  int64_t* const last = user;
  CHECK(total == 5 && (done == *last || done == *last + 1)); /* the same again while it works */
  *last = done;
  return done == 3;
}

TEST(beam_search, "capi/beam_search: the likeliest answers, the best first") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  tlite_beam_options options = options_of(3);
  for (int scoring = 0; scoring < 2; scoring++) {
    options.scoring = scoring;
    tlite_beams* beams = NULL;
    CHECK_OK(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error));
    REQUIRE(tlite_beams_count(beams) == 3);
    double last = 0;
    for (size_t i = 0; i < 3; i++) {
      tlite_beam beam = {.struct_size = sizeof beam};
      CHECK_OK(tlite_beams_get(beams, i, &beam, &error));
      CHECK(beam.token_count == 5 && beam.finish_reason == TLITE_FINISH_LENGTH);
      CHECK(beam.text.data != NULL && beam.logprob < 0 && beam.score < 0);
      CHECK(i == 0 || beam.score <= last);
      const double length = scoring == TLITE_BEAM_SCORING_VLLM ? 3 + 5 : 5;
      CHECK(beam.score * length - beam.logprob < 1e-9 && beam.logprob - beam.score * length < 1e-9);
      last = beam.score;
    }
    tlite_beam beam = {.struct_size = sizeof beam};
    CHECK_ERROR(tlite_beams_get(beams, 3, &beam, &error), TLITE_ERROR_INVALID_ARGUMENT,
                "index is 3, of 3 beams");
    tlite_beams_free(beams);
  }
  int64_t last = 0;
  options = options_of(2);
  options.num_return = 1;
  options.on_progress = count_tokens;
  options.user = &last;
  tlite_beams* beams = NULL;
  CHECK_OK(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error));
  CHECK(last == 3 && tlite_beams_count(beams) == 1);
  tlite_beam beam;
  CHECK_OK(tlite_beam_init(&beam, sizeof beam));
  CHECK_OK(tlite_beams_get(beams, 0, &beam, &error));
  CHECK(beam.token_count == 3 && beam.finish_reason == TLITE_FINISH_CANCELLED);
  tlite_beams_free(beams);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

static void* cancel_soon(void* progress) {
  int64_t total = 0;
  while (total == 0) tlite_progress_get(progress, NULL, &total);
  tlite_progress_cancel(progress);
  return NULL;
}

TEST(beam_cancel, "capi/beam_search: a cancel ends it in the prompt, and none is lost") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* engine = NULL;
  tlite_engine_options large;
  CHECK_OK(tlite_engine_options_init(&large, sizeof large));
  CHECK_OK(tlite_engine_create(model, &large, &engine, &error));
  tlite_progress* progress = NULL;
  CHECK_OK(tlite_progress_create(&progress, &error));
  tlite_beam_options options = options_of(2);
  options.progress = progress;
  tlite_beams* beams = NULL;
  tlite_progress_cancel(progress); /* kept for the next call, and used up by it */
  CHECK_OK(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error));
  CHECK(tlite_beams_count(beams) == 0);
  tlite_beams_free(beams);
  CHECK_OK(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error));
  CHECK(tlite_beams_count(beams) == 2);
  int64_t done = 0;
  int64_t total = 0;
  tlite_progress_get(progress, &done, &total);
  CHECK(done == 5 && total == 5);
  tlite_beams_free(beams);

  enum { LONG = 16000 };
  static int32_t ids[LONG];
  for (int i = 0; i < LONG; i++) ids[i] = 97 + i % 26;
  tlite_progress_reset(progress);
  pthread_t thread;
  REQUIRE(pthread_create(&thread, NULL, cancel_soon, progress) == 0);
  CHECK_OK(tlite_engine_beam_search(engine, ids, LONG, &options, &beams, &error));
  CHECK(tlite_beams_count(beams) == 0);
  pthread_join(thread, NULL);
  tlite_engine_status status;
  CHECK_OK(tlite_engine_status_init(&status, sizeof status));
  CHECK_OK(tlite_engine_get_status(engine, &status, &error));
  CHECK(status.running == 0 && status.cached_tokens < LONG);
  tlite_beams_free(beams);
  options.reserved2 = 1;
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_NOT_SUPPORTED, "beam_options.reserved2 is 1");
  tlite_progress_free(progress);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(beam_errors, "capi/beam_search: bad input is refused by name and value") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = tiny_engine(model);
  tlite_beams* beams = NULL;
  tlite_beam_options options = options_of(0);
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "beam_width is 0");
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, NULL, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "max_new_tokens is -1");
  options = options_of(2);
  options.num_return = 0;
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "num_return is 0");
  options = options_of(2);
  options.scoring = 2;
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "scoring is 2");
  options = options_of(2);
  options.reserved = 1;
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_NOT_SUPPORTED, "beam_options.reserved is 1");
  options = options_of(2);
  options.max_new_tokens = 510;
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_CONTEXT_FULL, "max_new_tokens is 510");
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 0, &options, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "empty prompt");
  CHECK_ERROR(tlite_engine_beam_search(NULL, prompt, 3, &options, &beams, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "engine is NULL");
  CHECK_ERROR(tlite_engine_beam_search(engine, prompt, 3, &options, NULL, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "out is NULL");
  CHECK(beams == NULL && tlite_beams_count(NULL) == 0);
  tlite_beam beam = {.struct_size = sizeof beam};
  CHECK_ERROR(tlite_beams_get(NULL, 0, &beam, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "beams is NULL");
  tlite_engine_free(engine);
  tlite_model_free(model);
}

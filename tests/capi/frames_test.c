/* What a frame of a game asks of the heap while characters talk: nothing. */
#include "failing_new.h"
#include "tiny_session.h"

#include <string.h>

enum { kCharacters = 3, kTokens = 200 };

/* Says xxx...xy again and again, where a stop string holds the x's back: pieces of 31 bytes. */
static int32_t stammer(const int32_t* tokens, size_t token_count, float* logits, size_t logit_count,
                       void* user) {
  size_t said = 0;
  (void)logit_count;
  (void)user;
  while (said < token_count && tokens[token_count - 1 - said] == 'x') ++said;
  logits[said < 30 ? 'x' : 'y'] = 1000;
  return 0;
}

static tlite_sampling_params all_kinds(void) {
  static const tlite_text stop = {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxz", TLITE_NUL};
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = kTokens;
  params.ignore_eos = 1;
  params.has_seed = 1;
  params.top_p = 0.9f;
  params.min_p = 0.01f;
  params.repetition_penalty = 1.1f;
  params.no_repeat_ngram_size = 60;
  params.dry_multiplier = 0.1f;
  params.dry_allowed_length = 64;
  params.stop = &stop;
  params.stop_count = 1;
  return params;
}

/* Made for `session`: of the first plain answers, of the second by all kinds of rules. */
static tlite_stream* speak(tlite_session* session, int kind) {
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = kTokens;
  params.ignore_eos = 1;
  params.temperature = 0;
  if (kind == 1) params = all_kinds();
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  if (kind == 1) CHECK_OK(tlite_session_on_logits(session, stammer, NULL, &error));
  CHECK_OK(tlite_session_add_user(session, "hello", 5, &error));
  tlite_stream* stream = NULL;
  CHECK_OK(tlite_session_stream(session, &stream, &error));
  return stream;
}

TEST(frames_session, "capi/frames: a session's stream allocates nothing in decode") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 512;
  options.threads = 1; /* all work is on the thread whose allocations count */
  for (int kind = 0; kind < 2; ++kind) {
    tlite_session* session = NULL;
    CHECK_OK(tlite_session_create(model, &options, &session, &error));
    tlite_stream* const stream = speak(session, kind);
    int pieces = 0;
    int frames = 0;
    int32_t finished = 0;
    size_t longest = 0;
    while (pieces < kTokens - 1 && finished == 0) {
      const tlite_piece* piece = NULL;
      CHECK_OK(tlite_stream_advance(stream, 0, &piece, &finished, &error));
      if (piece == NULL) continue;
      if (piece->text.size > longest) longest = piece->text.size;
      if (++pieces == 1) failing_new_at(-1); /* counts from here on */
      ++frames;
    }
    CHECK(failing_new_count() == 0);
    CHECK(pieces == kTokens - 1 && frames >= pieces && (kind == 0 || longest > 30));
    tlite_stream_free(stream);
    tlite_session_free(session);
  }
  tlite_model_free(model);
}

static tlite_engine* engine_of_one_thread(const tlite_model* model) {
  tlite_engine_options options;
  tlite_engine_options_init(&options, sizeof options);
  options.context = 2048;
  options.threads = 1;
  tlite_engine* engine = NULL;
  CHECK_OK(tlite_engine_create(model, &options, &engine, &error));
  return engine;
}

TEST(frames_characters, "capi/frames: nor do characters that share an engine") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = engine_of_one_thread(model);
  tlite_session* sessions[kCharacters] = {NULL};
  tlite_stream* streams[kCharacters] = {NULL};
  int pieces[kCharacters] = {0};
  for (int i = 0; i < kCharacters; ++i) {
    CHECK_OK(tlite_engine_create_session(engine, NULL, &sessions[i], &error));
    streams[i] = speak(sessions[i], i);
  }
  int decoding = 0;
  int ended = 0;
  while (ended == 0) {
    int32_t has_work = 0;
    CHECK_OK(tlite_engine_step(engine, 0, &has_work, &error));
    for (int i = 0; i < kCharacters; ++i) {
      const tlite_piece* piece = NULL;
      int32_t finished = 0;
      CHECK_OK(tlite_stream_poll(streams[i], &piece, &finished, &error));
      if (piece != NULL && ++pieces[i] == 1 && ++decoding == kCharacters) failing_new_at(-1);
      ended |= pieces[i] == kTokens - 1 || finished != 0;
    }
  }
  CHECK(failing_new_count() == 0);
  CHECK(pieces[0] > kTokens / 2 && pieces[1] > kTokens / 2 && pieces[2] > kTokens / 2);
  for (int i = 0; i < kCharacters; ++i) {
    tlite_stream_free(streams[i]);
    tlite_session_free(sessions[i]);
  }
  tlite_engine_free(engine);
  tlite_model_free(model);
}

TEST(frames_requests, "capi/frames: a request's event is one allocation, which the host frees") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_engine* const engine = engine_of_one_thread(model);
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = kTokens;
  params.ignore_eos = 1;
  params.temperature = 0;
  tlite_request_options options;
  tlite_request_options_init(&options, sizeof options);
  options.sampling = &params;
  int64_t request = 0;
  for (int i = 0; i < kCharacters; ++i) {
    CHECK_OK(tlite_engine_submit_text(engine, "hello", 5, &options, &request, &error));
  }
  int events = 0;
  int32_t has_work = 1;
  int ended = 0;
  while (has_work != 0 && ended == 0) {
    tlite_engine_event* event = NULL;
    CHECK_OK(tlite_engine_advance(engine, 0, &event, &has_work, &error));
    if (event == NULL) continue;
    ended = event->finish_reason != TLITE_FINISH_NONE;
    /* Counts from where each has said a token. */
    if (ended == 0 && ++events == kCharacters) failing_new_at(-1);
    tlite_engine_event_free(event);
    if (events == kCharacters * (kTokens - 1)) break;
  }
  /* The result that comes with the end doubles its room as it grows: tokens and text of each. */
  const long growth = failing_new_count() - (events - kCharacters);
  CHECK(events == kCharacters * (kTokens - 1));
  CHECK(growth >= 0 && growth <= kCharacters * 2 * 8);
  tlite_engine_free(engine);
  tlite_model_free(model);
}

/* Engines: requests of every kind, events, beam search, sessions that share one. */
#include "use.h"

#include <math.h>
#include <string.h>

static int64_t submit(tlite_engine* engine, const tlite_request_options* options,
                      const char* text) {
  int64_t request = 0;
  WORKS(tlite_engine_submit_text(engine, text, TLITE_NUL, options, &request, &error));
  return request;
}

/* Of one event, which is freed; whether it was a last one. */
static int take(tlite_engine_event* event) {
  MUST(event->struct_size >= sizeof *event && event->request > 0 && event->status == TLITE_OK);
  MUST(event->token < 0 || (event->logprob != NULL && event->top_logprob_count == 2));
  const int is_last = event->finish_reason != TLITE_FINISH_NONE;
  MUST(is_last == (event->result != NULL) && event->message.size == 0);
  tlite_engine_event_free(event);
  return is_last;
}

static void use_events(tlite_engine* engine, const tlite_request_options* options) {
  int32_t has_work = 1;
  int ended = 0;
  tlite_engine_event* event = NULL;
  submit(engine, options, "one");
  submit(engine, options, "two");
  WORKS(tlite_engine_wait_for_work(engine, 0, &has_work, &error));
  MUST(has_work == 1);
  while (has_work) WORKS(tlite_engine_step(engine, 1000000, &has_work, &error));
  for (;;) {
    WORKS(tlite_engine_poll(engine, &event, &error));
    if (event == NULL) break;
    ended += take(event);
  }
  MUST(ended == 2);
  submit(engine, options, "three");
  do {
    WORKS(tlite_engine_advance(engine, 1000000000, &event, &has_work, &error));
    if (event != NULL) ended += take(event);
  } while (has_work);
  MUST(ended == 3);
}

static void use_requests(tlite_engine* engine, tlite_request_options* options) {
  const int32_t ids[4] = {300, 301, 302, 303};
  int64_t request = 0;
  tlite_generation* answer = NULL;
  options->n = 2;
  options->prompt_logprobs = 1;
  options->prompt_logprobs_start = 2;
  WORKS(tlite_engine_submit_ids(engine, ids, 4, options, &request, &error));
  for (int i = 0; i < 2; i++) {
    WORKS(tlite_engine_wait(engine, request + i, &answer, &error));
    MUST(answer->token_count == 5 && (i > 0 || answer->prompt_logprob_count == 2));
    MUST(i > 0 || (answer->prompt_logprobs_start == 2 && answer->prompt_logprobs[1].token == 303));
    MUST(i > 0 || answer->prompt_top_logprob_offsets[2] == 2);
    MUST(i > 0 || answer->prompt_top_logprobs[0].rank == 1);
    tlite_generation_free(answer);
  }
  options->n = 1;
  options->prompt_logprobs = TLITE_UNSET;
  tlite_messages* messages = NULL;
  WORKS(tlite_messages_parse("[{\"role\": \"user\", \"content\": \"hello\"}]", TLITE_NUL, &messages,
                             &error));
  WORKS(tlite_engine_submit_messages(engine, messages, options, &request, &error));
  tlite_messages_free(messages);
  tlite_engine_set_priority(engine, request, 3);
  tlite_engine_end_thinking(engine, request);
  WORKS(tlite_engine_run(engine, &error));
  WORKS(tlite_engine_wait(engine, request, &answer, &error));
  tlite_generation_free(answer);
  request = submit(engine, options, "never mind");
  tlite_engine_cancel(engine, request);
  WORKS(tlite_engine_wait(engine, request, &answer, &error));
  MUST(answer->finish_reason == TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);

  tlite_request_options embed;
  MUST(tlite_request_options_init(&embed, sizeof embed) == TLITE_OK);
  embed.pooling = TLITE_POOLING_MEAN;
  WORKS(tlite_engine_wait(engine, submit(engine, &embed, "a text"), &answer, &error));
  double length = 0;
  for (size_t i = 0; i < answer->embedding_size; i++) {
    length += (double)answer->embedding[i] * (double)answer->embedding[i];
  }
  MUST(fabs(length - 1) < 1e-3);
  tlite_generation_free(answer);
}

static int32_t on_progress(int64_t done, int64_t total, void* user) {
  MUST(done >= 0 && total == 4);
  ++*(int*)user;
  return 0;
}

static void use_beams(tlite_engine* engine) {
  const int32_t ids[4] = {300, 301, 302, 303};
  int calls = 0;
  tlite_beam_options options;
  MUST(tlite_beam_options_init(&options, sizeof options) == TLITE_OK);
  MUST(options.beam_width == 4 && options.length_penalty == 1 && options.progress == NULL);
  options.beam_width = 3;
  options.max_new_tokens = 4;
  options.scoring = TLITE_BEAM_SCORING_VLLM;
  options.on_progress = on_progress;
  options.user = &calls;
  WORKS(tlite_progress_create(&options.progress, &error));
  tlite_beams* beams = NULL;
  WORKS(tlite_engine_beam_search(engine, ids, 4, &options, &beams, &error));
  MUST(tlite_beams_count(beams) == 3 && calls >= 4);
  tlite_beam beam;
  MUST(tlite_beam_init(&beam, sizeof beam) == TLITE_OK);
  WORKS(tlite_beams_get(beams, 0, &beam, &error));
  MUST(beam.struct_size == sizeof beam && beam.token_count > 0 && beam.logprob < 0);
  MUST(beam.score < 0 && beam.finish_reason != TLITE_FINISH_NONE && beam.text.data != NULL);
  tlite_beams_free(beams);
  tlite_progress_cancel(options.progress);
  WORKS(tlite_engine_beam_search(engine, ids, 4, &options, &beams, &error));
  MUST(tlite_beams_count(beams) == 0);
  tlite_beams_free(beams);
  tlite_progress_free(options.progress);
}

static int32_t ban_nothing(const int32_t* tokens, size_t token_count, float* logits,
                           size_t logit_count, void* user) {
  MUST(tokens != NULL && token_count > 0 && logits != NULL && logit_count > 0);
  ++*(int*)user;
  return 0;
}

void use_engine(const tlite_model* model) {
  tlite_engine_options options;
  MUST(tlite_engine_options_init(&options, sizeof options) == TLITE_OK);
  MUST(options.max_delay_milliseconds == 50 && options.prefix_cache == 1);
  options.context = 512;
  options.max_sequences = 4;
  tlite_engine* engine = NULL;
  WORKS(tlite_engine_create(model, &options, &engine, &error));
  WORKS(tlite_engine_get_options(engine, &options, &error));
  MUST(options.context == 512 && options.threads > 0 && options.embeddings == 1);

  int calls = 0;
  const tlite_sampling_params params = greedy(5);
  tlite_request_options request;
  MUST(tlite_request_options_init(&request, sizeof request) == TLITE_OK);
  MUST(request.n == 1 && request.normalize == 1 && request.timeout_milliseconds == TLITE_UNSET);
  request.sampling = &params;
  request.logits_callback = ban_nothing;
  request.logits_user = &calls;
  use_events(engine, &request);
  MUST(calls == 15);
  use_requests(engine, &request);
  use_beams(engine);
  tlite_engine_status status;
  MUST(tlite_engine_status_init(&status, sizeof status) == TLITE_OK);
  WORKS(tlite_engine_get_status(engine, &status, &error));
  MUST(status.running == 0 && status.waiting == 0 && status.cached_tokens > 0);

  tlite_session_options shared;
  MUST(tlite_session_options_init(&shared, sizeof shared) == TLITE_OK);
  shared.context = 128;
  tlite_session* session = NULL;
  tlite_generation* answer = NULL;
  WORKS(tlite_engine_create_session(engine, &shared, &session, &error));
  tlite_engine_free(engine);
  WORKS(tlite_session_set_sampling(session, &params, &error));
  WORKS(tlite_session_complete(session, "one", TLITE_NUL, NULL, NULL, &answer, &error));
  MUST(answer->token_count == 5);
  tlite_generation_free(answer);
  tlite_session_free(session);
}

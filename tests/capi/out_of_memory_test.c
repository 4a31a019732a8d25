/* Each allocation of the C++ heap may fail, wherever it is: the answer is out_of_memory, what was
 * there before is as it was, and nothing leaks (which is for ASan to see). A step that finds
 * another way when there is no memory, a log line that is dropped for one, may also succeed. */
#include "failing_new.h"
#include "tiny_session.h"

#include <stdio.h>
#include <string.h>

typedef struct world {
  tlite_host* host;
  tlite_model* model;
  tlite_tokenizer* tokenizer;
  tlite_chat_template* chat;
  tlite_messages* messages;
  tlite_session* session; /* with a question */
  tlite_engine* engine;
  long allocations; /* of the last step */
  long failing;     /* the one that fails in it */
} world;

/* From here on nothing fails. */
static void end_of_failing(world* at) {
  if (at->allocations < 0) at->allocations = failing_new_count();
  failing_new_at(-1);
}

typedef tlite_status (*step)(world* at, tlite_error** error);

static tlite_status do_host(world* at, tlite_error** error) {
  tlite_host* made = NULL;
  const tlite_status status = tlite_host_create(NULL, &made, error);
  (void)at;
  tlite_host_free(made);
  return status;
}

static tlite_status do_tokenizer(world* at, tlite_error** error) {
  tlite_tokenizer* made = NULL;
  const tlite_status status = tlite_tokenizer_load(at->host, "memory", TLITE_NUL, &made, error);
  tlite_tokenizer_free(made);
  return status;
}

static tlite_status do_encode(world* at, tlite_error** error) {
  tlite_tokens* tokens = NULL;
  tlite_string* text = NULL;
  size_t count = 0;
  tlite_status status =
      tlite_tokenizer_encode(at->tokenizer, "hello, e\xCC\x81 <|im_end|> \xD0\xBC\xD0\xB8\xD1\x80",
                             TLITE_NUL, NULL, &tokens, error);
  const int32_t* const ids = tlite_tokens_data(tokens, &count);
  if (status == TLITE_OK) {
    status = tlite_tokenizer_decode(at->tokenizer, ids, count, NULL, &text, error);
  }
  tlite_tokens_free(tokens);
  tlite_string_free(text);
  return status;
}

static tlite_status do_messages(world* at, tlite_error** error) {
  tlite_messages* made = NULL;
  tlite_string* json = NULL;
  tlite_status status = tlite_messages_parse(
      "[{\"role\": \"assistant\", \"content\": \"a long enough text to need the heap\", "
      "\"tool_calls\": [{\"function\": {\"name\": \"f\", \"arguments\": {\"x\": [1, 2]}}}]}]",
      TLITE_NUL, &made, error);
  (void)at;
  if (status == TLITE_OK) status = tlite_messages_to_json(made, &json, error);
  tlite_messages_free(made);
  tlite_string_free(json);
  return status;
}

static tlite_status do_template(world* at, tlite_error** error) {
  tlite_chat_template* made = NULL;
  tlite_prompt* prompt = NULL;
  size_t size = 0;
  const char* const source = tlite_chat_template_source(at->chat, &size);
  tlite_status status = tlite_chat_template_parse(source, size, NULL, 0, NULL, 0, &made, error);
  if (status == TLITE_OK) {
    status = tlite_chat_template_render(made, at->messages, NULL, &prompt, error);
  }
  tlite_chat_template_free(made);
  tlite_prompt_free(prompt);
  return status;
}

static tlite_status do_model(world* at, tlite_error** error) {
  tlite_model* made = NULL;
  const tlite_status status = tlite_model_load(at->host, "memory", TLITE_NUL, NULL, &made, error);
  tlite_model_free(made);
  return status;
}

static tlite_status do_info(world* at, tlite_error** error) {
  tlite_model_info* info = NULL;
  tlite_string* json = NULL;
  tlite_status status = tlite_model_get_info(at->model, &info, error);
  if (status == TLITE_OK) status = tlite_model_info_to_json(info, &json, error);
  tlite_model_info_free(info);
  tlite_string_free(json);
  return status;
}

static tlite_status do_evaluator(world* at, tlite_error** error) {
  tlite_evaluator* made = NULL;
  int32_t sequence = 0;
  int32_t fork = 0;
  const int32_t ids[] = {1, 2, 3};
  tlite_evaluator_options options;
  tlite_evaluator_options_init(&options, sizeof options);
  options.context = 64;
  options.threads = 1;
  tlite_status status = tlite_evaluator_create(at->model, &options, &made, error);
  if (status == TLITE_OK) status = tlite_evaluator_create_sequence(made, &sequence, error);
  if (status == TLITE_OK) status = tlite_evaluator_append(made, sequence, ids, 3, error);
  if (status == TLITE_OK) status = tlite_evaluator_fork(made, sequence, -1, &fork, error);
  if (status == TLITE_OK) status = tlite_evaluator_append(made, fork, ids, 3, error);
  tlite_evaluator_free(made);
  return status;
}

static tlite_status do_session(world* at, tlite_error** error) {
  tlite_session* made = NULL;
  tlite_sampling_params params;
  const tlite_text stop = {"a stop string that needs the heap", TLITE_NUL};
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = 64;
  options.threads = 1;
  tlite_sampling_params_init(&params, sizeof params);
  params.max_new_tokens = 3;
  params.logprobs = 2;
  params.stop = &stop;
  params.stop_count = 1;
  tlite_status status = tlite_session_create(at->model, &options, &made, error);
  if (status == TLITE_OK) status = tlite_session_set_sampling(made, &params, error);
  if (status == TLITE_OK) status = tlite_session_add_user(made, "hello", 5, error);
  tlite_session_free(made);
  return status;
}

static size_t count_messages(const tlite_session* session) {
  tlite_messages* messages = NULL;
  tlite_session_get_messages(session, &messages, NULL);
  const size_t count = tlite_messages_count(messages);
  tlite_messages_free(messages);
  return count;
}

/* A reply that fails leaves the question, so that it can be asked again; or it was made, and only
 * the copy for the caller failed. */
static tlite_status do_reply(world* at, tlite_error** error) {
  tlite_generation* answer = NULL;
  const tlite_status status = tlite_session_reply(at->session, NULL, NULL, &answer, error);
  end_of_failing(at);
  CHECK(count_messages(at->session) >= 1 && count_messages(at->session) <= 2);
  CHECK(tlite_session_rewind(at->session, 1, NULL) == TLITE_OK);
  tlite_generation_free(answer);
  return status;
}

static int32_t stop(const tlite_piece* piece, void* user) {
  (void)piece;
  (void)user;
  return 1;
}

/* Stopped after its first piece: that is in the conversation, or the call has failed. */
static tlite_status do_stopped_reply(world* at, tlite_error** error) {
  const tlite_status status = tlite_session_reply(at->session, stop, NULL, NULL, error);
  end_of_failing(at);
  CHECK(count_messages(at->session) == (status == TLITE_OK ? 2U : 1U));
  CHECK(tlite_session_rewind(at->session, 1, NULL) == TLITE_OK);
  return status;
}

/* An error ends it and gives the session back, as it was. */
static tlite_status do_stream(world* at, tlite_error** error) {
  tlite_stream* stream = NULL;
  const tlite_piece* piece = NULL;
  tlite_status status = tlite_session_stream(at->session, &stream, error);
  do {
    if (status == TLITE_OK) status = tlite_stream_next(stream, &piece, error);
  } while (status == TLITE_OK && piece != NULL);
  end_of_failing(at);
  CHECK(count_messages(at->session) == (status == TLITE_OK ? 2U : 1U));
  CHECK(tlite_session_rewind(at->session, 1, NULL) == TLITE_OK);
  tlite_stream_free(stream);
  CHECK(count_messages(at->session) == 1);
  return status;
}

/* The answer that was to be replaced is there until something was said in its place. */
static tlite_status do_stream_again(world* at, tlite_error** error) {
  tlite_stream* stream = NULL;
  tlite_session* fork = NULL;
  const tlite_message old = {
      .struct_size = sizeof old, .role = {"assistant", TLITE_NUL}, .content = {"old", TLITE_NUL}};
  failing_new_at(-1);
  CHECK_OK(tlite_session_fork(at->session, &fork, NULL));
  CHECK_OK(tlite_session_add_message(fork, &old, NULL));
  failing_new_at(at->failing);
  const tlite_status status = tlite_session_stream_regenerate(fork, &stream, error);
  tlite_stream_free(stream);
  end_of_failing(at);
  CHECK(count_messages(fork) == 2);
  tlite_session_free(fork);
  return status;
}

/* A token that could not be handed out was not chosen: it comes with the next call. */
static tlite_status do_sampler(world* at, tlite_error** error) {
  enum { kTokens = 4 };
  tlite_sampler* sampler = NULL;
  tlite_sampling_params params;
  tlite_status status = TLITE_OK;
  float logits[TINY_VOCAB_SIZE];
  int32_t expected[kTokens];
  for (int i = 0; i < TINY_VOCAB_SIZE; i++) logits[i] = (float)(i * 37 % 101) / 20;
  tlite_sampling_params_init(&params, sizeof params);
  params.has_seed = 1;
  params.logprobs = 5;
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 0) failing_new_at(-1);
    if (pass == 1) failing_new_at(at->failing);
    const tlite_status made = tlite_sampler_create(at->model, &params, &sampler, error);
    if (made != TLITE_OK) return made;
    for (int i = 0; i < kTokens;) {
      const tlite_sampled_token* token = NULL;
      const tlite_status sampled = tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0,
                                                        &token, status == TLITE_OK ? error : NULL);
      if (sampled != TLITE_OK) {
        status = sampled;
        continue;
      }
      if (pass == 0) expected[i] = token->token;
      CHECK(token->token == expected[i] && token->logprob->token == expected[i]);
      i++;
    }
    tlite_sampler_free(sampler);
  }
  return status;
}

static tlite_status do_fork(world* at, tlite_error** error) {
  tlite_session* fork = NULL;
  tlite_status status = tlite_session_fork(at->session, &fork, error);
  if (status == TLITE_OK) status = tlite_session_reply(fork, NULL, NULL, NULL, error);
  tlite_session_free(fork);
  return status;
}

static tlite_status submit(world* at, const char* text, int64_t* request, tlite_error** error) {
  tlite_sampling_params sampling;
  tlite_request_options options;
  tlite_sampling_params_init(&sampling, sizeof sampling);
  sampling.max_new_tokens = 4;
  sampling.has_seed = 1;
  sampling.logprobs = 2;
  tlite_request_options_init(&options, sizeof options);
  options.sampling = &sampling;
  return tlite_engine_submit_text(at->engine, text, TLITE_NUL, &options, request, error);
}

/* A request, of which every event must come, once: those that could not be copied come again. Of a
 * request that memory ended the last one says so. */
static tlite_status do_engine(world* at, tlite_error** error) {
  int64_t request = 0;
  int32_t has_work = 1;
  tlite_status status = submit(at, "a prompt that is long enough for the heap", &request, error);
  while (status == TLITE_OK && has_work) {
    status = tlite_engine_step(at->engine, 0, &has_work, error);
  }
  size_t tokens = 0;
  int ends = 0;
  int again = 0;
  while (request != 0) {
    tlite_engine_event* event = NULL;
    if (status != TLITE_OK && again++ == 0) {
      end_of_failing(at);
      CHECK_OK(tlite_engine_run(at->engine, &error));
    }
    tlite_error** const to = status == TLITE_OK ? error : NULL;
    const tlite_status polled = tlite_engine_poll(at->engine, &event, to);
    if (polled == TLITE_OK && event == NULL) break;
    if (polled != TLITE_OK) {
      status = polled;
      continue;
    }
    tokens += event->token >= 0;
    if (event->result != NULL) {
      ends++;
      CHECK(event->result->token_count == tokens);
      CHECK(event->status == TLITE_OK ? tokens > 0 : event->status == TLITE_ERROR_OUT_OF_MEMORY);
      if (event->status != TLITE_OK) CHECK(event->finish_reason == TLITE_FINISH_FAILED);
    }
    tlite_engine_event_free(event);
  }
  end_of_failing(at);
  CHECK(ends == (request != 0));
  return status;
}

static tlite_status do_engine_wait(world* at, tlite_error** error) {
  int64_t request = 0;
  tlite_generation* answer = NULL;
  tlite_status status = submit(at, "hello", &request, error);
  if (status == TLITE_OK) status = tlite_engine_wait(at->engine, request, &answer, error);
  end_of_failing(at);
  if (request != 0 && status != TLITE_OK) {
    /* It can be asked for again, unless it is what memory has ended. */
    const tlite_status again = tlite_engine_wait(at->engine, request, &answer, NULL);
    CHECK(again == TLITE_OK || again == TLITE_ERROR_INVALID_ARGUMENT);
    CHECK((again == TLITE_OK) == (answer != NULL));
  }
  tlite_generation_free(answer);
  return status;
}

static tlite_status do_engine_life(world* at, tlite_error** error) {
  tlite_engine* engine = NULL;
  tlite_session* session = NULL;
  tlite_engine_options options;
  tlite_engine_options_init(&options, sizeof options);
  options.context = 64;
  options.threads = 1;
  tlite_status status = tlite_engine_create(at->model, &options, &engine, error);
  if (status == TLITE_OK) status = tlite_engine_create_session(engine, NULL, &session, error);
  tlite_engine_free(engine);
  tlite_session_free(session);
  return status;
}

static void make_world(world* at, memory_host* host) {
  memset(at, 0, sizeof *at);
  memory_host_init(host);
  tlite_host_options options = memory_host_options(host);
  options.threads = 1; /* so that all of the work is on this thread */
  CHECK_OK(tlite_host_create(&options, &at->host, &error));
  CHECK_OK(tlite_model_load(at->host, "memory", TLITE_NUL, NULL, &at->model, &error));
  CHECK_OK(tlite_model_get_tokenizer(at->model, &at->tokenizer, &error));
  CHECK_OK(tlite_model_get_chat_template(at->model, &at->chat, &error));
  CHECK_OK(tlite_messages_parse("[{\"role\": \"user\", \"content\": \"hello\"}]", TLITE_NUL,
                                &at->messages, &error));
  at->session = tiny_session(at->model, 3);
  tlite_sampling_params sampling;
  CHECK_OK(tlite_sampling_params_init(&sampling, sizeof sampling));
  CHECK_OK(tlite_session_get_sampling(at->session, &sampling, &error));
  sampling.logprobs = 2; /* so that a piece takes memory */
  CHECK_OK(tlite_session_set_sampling(at->session, &sampling, &error));
  CHECK_OK(tlite_session_add_user(at->session, "hello", 5, &error));
  tlite_engine_options engine;
  CHECK_OK(tlite_engine_options_init(&engine, sizeof engine));
  engine.context = 128;
  engine.threads = 1;
  CHECK_OK(tlite_engine_create(at->model, &engine, &at->engine, &error));
}

static void free_world(world* at) {
  tlite_engine_free(at->engine);
  tlite_session_free(at->session);
  tlite_messages_free(at->messages);
  tlite_chat_template_free(at->chat);
  tlite_tokenizer_free(at->tokenizer);
  tlite_model_free(at->model);
  tlite_host_free(at->host);
}

/* Lets each allocation of a step fail in turn. */
static void fail_each(const char* name, step body, world* at) {
  enum { kMost = 100000 };
  long n = 0;
  long failed = 0;
  at->failing = -1;
  CHECK_OK(body(at, &error)); /* what is made once and kept is made now */
  for (; n < kMost; ++n) {
    tlite_error* error = NULL;
    at->allocations = -1;
    at->failing = n;
    failing_new_at(n);
    const tlite_status status = body(at, &error);
    end_of_failing(at);
    if (status != TLITE_OK && status != TLITE_ERROR_OUT_OF_MEMORY) {
      fprintf(stderr, "%s, allocation %ld: %s (%s)\n", name, n, tlite_status_name(status),
              tlite_error_message(error, NULL));
      CHECK(status == TLITE_ERROR_OUT_OF_MEMORY);
    }
    CHECK((status == TLITE_OK) == (error == NULL));
    failed += status != TLITE_OK;
    tlite_error_free(error);
    if (n >= at->allocations) break;
  }
  CHECK(failed > 0 && n < kMost);
}

#define OUT_OF_MEMORY(id, title)                                         \
  TEST(out_of_memory_##id, "capi/out_of_memory: in " title) {            \
    world at;                                                            \
    memory_host host;                                                    \
    make_world(&at, &host);                                              \
    fail_each(#id, do_##id, &at);                                        \
    free_world(&at);                                                     \
    CHECK(host.live == 0 && host.open_files == 0 && host.released == 1); \
  }

OUT_OF_MEMORY(host, "making a host")
OUT_OF_MEMORY(tokenizer, "loading a tokenizer")
OUT_OF_MEMORY(encode, "encoding and decoding")
OUT_OF_MEMORY(messages, "reading and writing messages")
OUT_OF_MEMORY(template, "parsing and rendering a template")
OUT_OF_MEMORY(model, "loading a model")
OUT_OF_MEMORY(info, "telling what a model is")
OUT_OF_MEMORY(evaluator, "the life of an evaluator")
OUT_OF_MEMORY(session, "making a session")
OUT_OF_MEMORY(reply, "a reply")
OUT_OF_MEMORY(stopped_reply, "a reply that its callback stops")
OUT_OF_MEMORY(stream, "a stream")
OUT_OF_MEMORY(stream_again, "a stream in place of an answer")
OUT_OF_MEMORY(sampler, "a sampler")
OUT_OF_MEMORY(fork, "a fork")
OUT_OF_MEMORY(engine_life, "making an engine and a session on it")
OUT_OF_MEMORY(engine, "a request and its events")
OUT_OF_MEMORY(engine_wait, "waiting for a request")

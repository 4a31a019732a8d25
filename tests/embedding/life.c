#include "life.h"

uint64_t hash_of(uint64_t hash, const void* data, size_t size) {
  const unsigned char* const bytes = data;
  for (size_t i = 0; i < size; ++i) hash = (hash ^ bytes[i]) * 1099511628211U;
  return hash;
}

static const char kPrompt[] = "Жил-был в тёмном лесу маленький ёжик, и однажды утром он";

static int32_t on_piece(const tlite_piece* piece, void* user) {
  const life* const how = user;
  (void)piece;
  if (how->within != NULL) how->within(how->user);
  return 0;
}

static int32_t on_progress(int64_t done, int64_t total, void* user) {
  const life* const how = user;
  (void)done;
  (void)total;
  if (how->loading) how->within(how->user);
  return 0;
}

/* Ids and log probabilities of an answer that is drawn, not the likeliest. */
static uint64_t answer(const tlite_model* model, const life* how, uint64_t hash) {
  tlite_session* session = NULL;
  CHECK_OK(tlite_session_create(model, NULL, &session, &error));
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.has_seed = 1;
  params.seed = 5;
  params.temperature = 0.9F;
  params.top_p = 0.95F;
  params.max_new_tokens = 24;
  params.ignore_eos = 1;
  params.logprobs = 3;
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  tlite_generation* said = NULL;
  CHECK_OK(
      tlite_session_complete(session, kPrompt, TLITE_NUL, on_piece, (void*)how, &said, &error));
  if (said != NULL) {
    CHECK(said->token_count == 24 && said->logprobs != NULL);
    hash = hash_of(hash, said->tokens, said->token_count * sizeof *said->tokens);
    for (size_t i = 0; i < said->token_count; ++i) { /* without the views behind it */
      hash = hash_of(hash, &said->logprobs[i], offsetof(tlite_token_logprob, reserved));
    }
  }
  tlite_generation_free(said);
  tlite_session_free(session);
  return hash;
}

static uint64_t logits(const tlite_model* model, uint64_t hash) {
  static const int32_t ids[] = {100, 200, 300, 400, 500, 600, 700, 800};
  tlite_evaluator* evaluator = NULL;
  int32_t sequence = 0;
  CHECK_OK(tlite_evaluator_create(model, NULL, &evaluator, &error));
  CHECK_OK(tlite_evaluator_create_sequence(evaluator, &sequence, &error));
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, ids, LENGTH(ids), &error));
  const float* values = NULL;
  size_t count = 0;
  CHECK_OK(tlite_evaluator_get_logits(evaluator, 0, &values, &count, &error));
  if (values != NULL) hash = hash_of(hash, values, count * sizeof *values);
  tlite_evaluator_free(evaluator);
  return hash;
}

static uint64_t embedding(const tlite_model* model, uint64_t hash) {
  tlite_engine* engine = NULL;
  CHECK_OK(tlite_engine_create(model, NULL, &engine, &error));
  tlite_request_options options;
  tlite_request_options_init(&options, sizeof options);
  options.pooling = TLITE_POOLING_MEAN;
  int64_t request = 0;
  CHECK_OK(tlite_engine_submit_text(engine, kPrompt, TLITE_NUL, &options, &request, &error));
  tlite_generation* made = NULL;
  CHECK_OK(tlite_engine_wait(engine, request, &made, &error));
  if (made != NULL) hash = hash_of(hash, made->embedding, made->embedding_size * sizeof(float));
  tlite_generation_free(made);
  tlite_engine_free(engine);
  return hash;
}

/* Numbers in both directions, of which some fit no double. */
static uint64_t rendered(uint64_t hash) {
  static const char kSource[] =
      "{{ 0.1 + 0.2 }} {{ 2 / 3 }} {{ messages[0].x }} {{ messages[0].y }} {{ messages[0].z }} "
      "{{ '1.5e400' | float }} {{ 1.25 | round(1) }}";
  static const char kMessages[] = "[{\"x\": 1234.5678, \"y\": 1.5e400, \"z\": -1.5e-400}]";
  tlite_chat_template* chat = NULL;
  CHECK_OK(tlite_chat_template_parse(kSource, TLITE_NUL, NULL, 0, NULL, 0, &chat, &error));
  tlite_prompt* prompt = NULL;
  CHECK_OK(tlite_chat_template_render_json(chat, kMessages, TLITE_NUL, NULL, &prompt, &error));
  size_t size = 0;
  const char* const text = tlite_prompt_text(prompt, &size);
  hash = hash_of(hash, text, size);
  tlite_prompt_free(prompt);
  tlite_chat_template_free(chat);
  return hash;
}

uint64_t live(const life* how) {
  tlite_host_options given;
  tlite_host_options_init(&given, sizeof given);
  given.threads = how->threads;
  tlite_host* host = NULL;
  CHECK_OK(tlite_host_create(&given, &host, &error));
  tlite_load_options load;
  tlite_load_options_init(&load, sizeof load);
  load.weights = TLITE_WEIGHT_MIX_Q4_K_M;
  load.read_into_memory = how->read;
  load.check_weights = 1;
  load.on_progress = on_progress;
  load.user = (void*)how;
  const char* const path = how->model != NULL ? how->model : TLITE_TEST_MODEL;
  tlite_model* model = NULL;
  CHECK_OK(tlite_model_load(host, path, TLITE_NUL, &load, &model, &error));
  tlite_host_free(host);
  if (model == NULL) return 0;
  if (how->within != NULL) how->within(how->user);
  uint64_t hash = 14695981039346656037U;
  hash = answer(model, how, hash);
  hash = logits(model, hash);
  hash = embedding(model, hash);
  hash = rendered(hash);
  tlite_model_free(model);
  return hash;
}

uint64_t live_quietly(int32_t threads) {
  const life quiet = {.threads = threads};
  return live(&quiet);
}

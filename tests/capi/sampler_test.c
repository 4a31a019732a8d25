#include "tiny_session.h"

#include <math.h>
#include <string.h>

enum { TOKENS = 12 };

static tlite_sampling_params seeded(void) {
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.has_seed = 1;
  params.seed = 11;
  params.top_p = 0.9F;
  params.ignore_eos = 1;
  params.max_new_tokens = TOKENS;
  params.logprobs = 3;
  return params;
}

/* What a session says behind a prompt. */
static void session_tokens(const tlite_model* model, const char* prompt, int32_t* tokens) {
  tlite_session* const session = tiny_session(model, TOKENS);
  const tlite_sampling_params params = seeded();
  CHECK_OK(tlite_session_set_sampling(session, &params, &error));
  tlite_generation* answer = NULL;
  CHECK_OK(tlite_session_complete(session, prompt, TLITE_NUL, NULL, NULL, &answer, &error));
  REQUIRE(answer != NULL && answer->token_count == TOKENS);
  memcpy(tokens, answer->tokens, sizeof(int32_t) * TOKENS);
  tlite_generation_free(answer);
  tlite_session_free(session);
}

TEST(own_loop, "capi/sampler: a loop of one's own has a session's tokens") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  int32_t expected[TOKENS] = {0};
  session_tokens(model, "hello", expected);

  tlite_tokenizer* tokenizer = NULL;
  CHECK_OK(tlite_model_get_tokenizer(model, &tokenizer, &error));
  tlite_tokens* encoded = NULL;
  CHECK_OK(tlite_tokenizer_encode(tokenizer, "hello", 5, NULL, &encoded, &error));
  size_t prompt_size = 0;
  const int32_t* const prompt = tlite_tokens_data(encoded, &prompt_size);
  tlite_evaluator* evaluator = NULL;
  CHECK_OK(tlite_evaluator_create(model, NULL, &evaluator, &error));
  int32_t sequence = -1;
  CHECK_OK(tlite_evaluator_create_sequence(evaluator, &sequence, &error));
  const tlite_sampling_params params = seeded();
  tlite_sampler* sampler = NULL;
  CHECK_OK(tlite_sampler_create(model, &params, &sampler, &error));
  CHECK(tlite_sampler_seed(sampler) == 11 && tlite_sampler_seed(NULL) == 0);
  CHECK_OK(tlite_sampler_observe_prompt(sampler, prompt, prompt_size, &error));
  CHECK_OK(tlite_evaluator_append(evaluator, sequence, prompt, prompt_size, &error));
  for (int i = 0; i < TOKENS; ++i) {
    const float* logits = NULL;
    size_t count = 0;
    CHECK_OK(tlite_evaluator_get_logits(evaluator, 0, &logits, &count, &error));
    if (i == 3) { /* chosen elsewhere */
      CHECK_OK(tlite_sampler_accept(sampler, expected[i], &error));
    } else {
      const tlite_sampled_token* chosen = NULL;
      CHECK_OK(tlite_sampler_sample(sampler, logits, count, NULL, 0, &chosen, &error));
      REQUIRE(chosen != NULL);
      CHECK(chosen->struct_size == sizeof *chosen && chosen->token == expected[i]);
      CHECK(chosen->logprob->token == chosen->token && chosen->logprob->logprob < 0);
      CHECK(chosen->top_logprob_count == 3 && chosen->top_logprobs[0].rank == 1);
    }
    CHECK_OK(tlite_evaluator_append(evaluator, sequence, &expected[i], 1, &error));
  }
  CHECK_STATUS(tlite_sampler_observe_prompt(sampler, prompt, prompt_size, &error),
               TLITE_ERROR_BAD_STATE);
  CHECK_OK(tlite_sampler_reset(sampler, &error));
  CHECK_OK(tlite_sampler_observe_prompt(sampler, prompt, prompt_size, &error));
  tlite_sampler_free(sampler);
  tlite_tokens_free(encoded);
  tlite_tokenizer_free(tokenizer);
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);
  CHECK(host.live == 0);
}

/* Bans all tokens but that of `user`; stops where there is none. */
static int32_t only_one(const int32_t* tokens, size_t token_count, float* logits,
                        size_t logit_count, void* user) {
  const int32_t wanted = *(const int32_t*)user;
  CHECK(token_count >= 2 && tokens[0] == 104 && tokens[1] == 105);
  for (size_t i = 0; i < logit_count; ++i) {
    if ((int32_t)i != wanted) logits[i] = -INFINITY;
  }
  return wanted < 0;
}

TEST(sampler_on_logits, "capi/sampler: a logits callback has its say before each token") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  tlite_sampler* sampler = NULL;
  const int32_t prompt[] = {104, 105};
  int32_t wanted = 77;
  CHECK_OK(tlite_sampler_create(model, NULL, &sampler, &error));
  CHECK_OK(tlite_sampler_on_logits(sampler, only_one, &wanted, &error));
  CHECK_OK(tlite_sampler_observe_prompt(sampler, prompt, 2, &error));
  CHECK_STATUS(tlite_sampler_on_logits(sampler, NULL, NULL, &error), TLITE_ERROR_BAD_STATE);
  const float logits[TINY_VOCAB_SIZE] = {0};
  const tlite_sampled_token* chosen = NULL;
  CHECK_OK(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0, &chosen, &error));
  CHECK(chosen->token == 77);
  wanted = -1;
  CHECK_STATUS(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0, &chosen, &error),
               TLITE_ERROR_CANCELLED);
  wanted = 78;
  CHECK_OK(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0, &chosen, &error));
  CHECK(chosen->token == 78);
  CHECK_OK(tlite_sampler_reset(sampler, &error));
  CHECK_OK(tlite_sampler_on_logits(sampler, NULL, NULL, &error));
  CHECK_ERROR(tlite_sampler_on_logits(NULL, NULL, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "sampler is NULL");
  tlite_sampler_free(sampler);
  tlite_model_free(model);
}

static int32_t frees_it(const int32_t* tokens, size_t token_count, float* logits,
                        size_t logit_count, void* user) {
  tlite_sampler** const sampler = user;
  (void)tokens;
  (void)token_count;
  (void)logits;
  (void)logit_count;
  CHECK_STATUS(tlite_sampler_accept(*sampler, 1, &error), TLITE_ERROR_BAD_STATE);
  tlite_sampler_free(*sampler);
  return 0;
}

TEST(sampler_freed, "capi/sampler: its own callback may free it") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  tlite_sampler* sampler = NULL;
  CHECK_OK(tlite_sampler_create(model, NULL, &sampler, &error));
  CHECK_OK(tlite_sampler_on_logits(sampler, frees_it, &sampler, &error));
  const float logits[TINY_VOCAB_SIZE] = {0};
  const tlite_sampled_token* chosen = NULL;
  CHECK_OK(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0, &chosen, &error));
  CHECK(chosen == NULL);
  tlite_model_free(model);
}

TEST(sampler_errors, "capi/sampler: bad input is named") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  tlite_sampler* sampler = NULL;
  tlite_sampling_params params = seeded();
  params.top_p = 2;
  CHECK_ERROR(tlite_sampler_create(model, &params, &sampler, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "top_p");
  CHECK_ERROR(tlite_sampler_create(NULL, &params, &sampler, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "model is NULL");
  CHECK_OK(tlite_sampler_create(model, NULL, &sampler, &error));
  float logits[TINY_VOCAB_SIZE] = {0};
  const tlite_sampled_token* chosen = NULL;
  const int32_t beyond = TINY_VOCAB_SIZE;
  CHECK_ERROR(tlite_sampler_sample(sampler, logits, 3, NULL, 0, &chosen, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "3 logits");
  CHECK_ERROR(tlite_sampler_sample(sampler, NULL, 3, NULL, 0, &chosen, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "logits is NULL");
  CHECK_STATUS(tlite_sampler_accept(sampler, beyond, &error), TLITE_ERROR_INVALID_ARGUMENT);
  const uint32_t only_40[] = {0, 1u << 8};
  CHECK_OK(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, only_40, 2, &chosen, &error));
  CHECK(chosen->token == 40 && chosen->logprob == NULL && chosen->top_logprob_count == 0);
  logits[2] = NAN;
  CHECK_ERROR(tlite_sampler_sample(sampler, logits, TINY_VOCAB_SIZE, NULL, 0, &chosen, &error),
              TLITE_ERROR_CORRUPT, "token 2");
  tlite_sampler_free(sampler);
  tlite_sampler_free(NULL);
  tlite_model_free(model);
}

TEST(stop_matcher, "capi/stop_matcher: text is held back until it cannot become a stop string") {
  const tlite_text stops[] = {{"END", 3}, {"\n\n", TLITE_NUL}};
  tlite_stop_matcher* matcher = NULL;
  CHECK_OK(tlite_stop_matcher_create(stops, 2, 0, &matcher, &error));
  tlite_text text = {NULL, 0};
  tlite_text found = {NULL, 0};
  CHECK_OK(tlite_stop_matcher_push(matcher, "the E", 5, &text, &found, &error));
  CHECK(text.size == 4 && strcmp(text.data, "the ") == 0 && found.size == 0);
  CHECK_OK(tlite_stop_matcher_push(matcher, "ND and", TLITE_NUL, &text, &found, &error));
  CHECK(text.size == 0 && found.size == 3 && strcmp(found.data, "END") == 0);
  CHECK_OK(tlite_stop_matcher_push(matcher, "EN", 2, &text, NULL, &error));
  CHECK_OK(tlite_stop_matcher_flush(matcher, &text, &error));
  CHECK(text.size == 2 && strcmp(text.data, "EN") == 0);
  tlite_stop_matcher_free(matcher);
  tlite_stop_matcher_free(NULL);
  const tlite_text empty = {"", 0};
  matcher = NULL;
  CHECK_ERROR(tlite_stop_matcher_create(&empty, 1, 0, &matcher, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "stop[0]");
  CHECK(matcher == NULL);
}

/* Sampling parameters, sessions, streams, generations. */
#include "use.h"

#include <string.h>

static int32_t count_pieces(const tlite_piece* piece, void* user) {
  MUST(piece->struct_size >= sizeof *piece);
  MUST(piece->token < 0 || (piece->logprob != NULL && piece->logprob->token == piece->token));
  ++*(int*)user;
  return 0;
}

static int32_t on_prefill(int64_t done, int64_t total, void* user) {
  MUST(done > 0 && done <= total);
  ++*(int*)user;
  return 0;
}

static int32_t on_logits(const int32_t* tokens, size_t token_count, float* logits,
                         size_t logit_count, void* user) {
  MUST(tokens != NULL && token_count > 0 && logits != NULL && logit_count > 0);
  ++*(int*)user;
  return 0;
}

/* Frees it. */
static void check(tlite_generation* answer, size_t tokens) {
  MUST(answer->struct_size >= sizeof *answer && answer->finish_reason == TLITE_FINISH_LENGTH);
  MUST(answer->token_count == tokens && answer->tokens != NULL && answer->text.size > 0);
  MUST(answer->text.data[answer->text.size] == 0 && answer->prompt_tokens > 0);
  MUST(answer->logprobs[0].token == answer->tokens[0] && answer->logprobs[0].rank >= 1);
  MUST(answer->top_logprob_count == 2 * tokens &&
       answer->top_logprob_offsets[tokens] == 2 * tokens);
  MUST(answer->top_logprobs[1].logprob <= answer->top_logprobs[0].logprob);
  MUST(answer->prefill_seconds >= 0 && answer->decode_seconds >= 0);
  MUST(answer->prompt_logprobs == NULL && answer->embedding_size == 0);
  tlite_generation_free(answer);
}

static void use_sampling(const tlite_model* model) {
  tlite_sampling_params params;
  MUST(tlite_sampling_params_init(&params, sizeof params) == TLITE_OK);
  WORKS(tlite_sampling_params_get_preset("greedy", TLITE_NUL, &params, &error));
  MUST(params.temperature == 0 && params.struct_size == sizeof params);
  WORKS(tlite_model_get_default_sampling(model, &params, &error));
  const tlite_logit_bias bias = {5, 1.0F};
  const int32_t ids[2] = {7, 8};
  const tlite_token_list list = {ids, 2};
  const tlite_sequence_bias sequence = {{ids, 2}, -1.0F, 0};
  const tlite_text stop = {"stop", 4};
  params = greedy(4);
  params.has_seed = 1;
  params.seed = 99;
  params.logit_bias = &bias;
  params.logit_bias_count = 1;
  params.sequence_bias = &sequence;
  params.sequence_bias_count = 1;
  params.suppress_tokens = params.begin_suppress_tokens = params.stop_token_ids = ids;
  params.suppress_token_count = params.begin_suppress_token_count = params.stop_token_id_count = 2;
  params.bad_words = params.dry_sequence_breakers = &list;
  params.bad_word_count = params.dry_sequence_breaker_count = 1;
  params.stop = &stop;
  params.stop_count = 1;
  params.top_n_sigma = 2;
  params.mirostat_tau = 4;
  const int32_t vocab_size = tlite_model_vocab_size(model);
  WORKS(tlite_sampling_params_validate(&params, vocab_size, &error));
  params.top_p = 2;
  FAILS(tlite_sampling_params_validate(&params, vocab_size, &error), TLITE_ERROR_INVALID_ARGUMENT);
  params.top_p = 1;
  params.reserved = 1;
  FAILS(tlite_sampling_params_validate(&params, vocab_size, &error), TLITE_ERROR_NOT_SUPPORTED);
}

static void use_answers(tlite_session* session) {
  int pieces = 0;
  int prefills = 0;
  int logits = 0;
  tlite_generation* answer = NULL;
  WORKS(tlite_session_on_prefill(session, on_prefill, &prefills, &error));
  WORKS(tlite_session_on_logits(session, on_logits, &logits, &error));
  WORKS(tlite_session_reply(session, count_pieces, &pieces, &answer, &error));
  check(answer, 6);
  MUST(pieces >= 6 && prefills > 0 && logits == 6);
  WORKS(tlite_session_on_prefill(session, NULL, NULL, &error));
  WORKS(tlite_session_on_logits(session, NULL, NULL, &error));
  int64_t done = 0;
  int64_t total = 0;
  tlite_session_get_prefill_progress(session, &done, &total);
  MUST(done == total && total > 0);
  WORKS(tlite_session_regenerate(session, NULL, NULL, &answer, &error));
  check(answer, 6);
  WORKS(tlite_session_continue(session, NULL, NULL, &answer, &error));
  check(answer, 6);
  const int32_t ids[3] = {300, 301, 302};
  WORKS(tlite_session_complete(session, "one two", TLITE_NUL, NULL, NULL, &answer, &error));
  check(answer, 6);
  WORKS(tlite_session_complete_ids(session, ids, 3, NULL, NULL, &answer, &error));
  check(answer, 6);
  tlite_session_cancel(session);
  WORKS(tlite_session_complete_ids(session, ids, 3, NULL, NULL, &answer, &error));
  MUST(answer->finish_reason == TLITE_FINISH_CANCELLED);
  tlite_generation_free(answer);
  tlite_session_cancel(session);
  tlite_session_clear_cancel(session);
  tlite_session_end_thinking(session);
}

/* To its end, and frees it. */
static void drain(tlite_session* session, tlite_stream* stream) {
  const tlite_piece* piece = NULL;
  int32_t finished = 0;
  int count = 0;
  MUST(tlite_stream_finish_reason(stream) == TLITE_FINISH_NONE);
  FAILS(tlite_session_reset(session, &error), TLITE_ERROR_BAD_STATE);
  WORKS(tlite_stream_poll(stream, &piece, &finished, &error));
  MUST(piece == NULL && !finished);
  WORKS(tlite_stream_next(stream, &piece, &error));
  while (!finished) {
    if (piece != NULL) count_pieces(piece, &count);
    WORKS(tlite_stream_advance(stream, 1000000, &piece, &finished, &error));
  }
  MUST(count >= 6 && tlite_stream_finish_reason(stream) == TLITE_FINISH_LENGTH);
  tlite_generation* answer = NULL;
  WORKS(tlite_stream_get_result(stream, &answer, &error));
  check(answer, 6);
  tlite_stream_free(stream);
}

static void use_streams(tlite_session* session) {
  tlite_stream* stream = NULL;
  const int32_t ids[3] = {300, 301, 302};
  WORKS(tlite_session_add_user(session, "more", TLITE_NUL, &error));
  WORKS(tlite_session_stream(session, &stream, &error));
  drain(session, stream);
  WORKS(tlite_session_stream_regenerate(session, &stream, &error));
  drain(session, stream);
  WORKS(tlite_session_stream_continue(session, &stream, &error));
  drain(session, stream);
  WORKS(tlite_session_stream_complete(session, "one", TLITE_NUL, &stream, &error));
  drain(session, stream);
  WORKS(tlite_session_stream_complete_ids(session, ids, 3, &stream, &error));
  drain(session, stream);
}

void use_sessions(const tlite_model* model) {
  use_sampling(model);
  tlite_session_options options;
  MUST(tlite_session_options_init(&options, sizeof options) == TLITE_OK);
  MUST(options.context == 4096 && options.kv_type == TLITE_DATA_TYPE_AUTO);
  options.context = 256;
  options.max_batch_rows = 16;
  options.overflow = TLITE_OVERFLOW_DROP_OLDEST;
  tlite_session* session = NULL;
  WORKS(tlite_session_create(model, &options, &session, &error));
  WORKS(tlite_session_get_options(session, &options, &error));
  MUST(options.struct_size == sizeof options && options.context == 256);
  MUST(options.overflow == TLITE_OVERFLOW_DROP_OLDEST && options.threads > 0);
  tlite_sampling_params params = greedy(6);
  WORKS(tlite_session_set_sampling(session, &params, &error));
  WORKS(tlite_session_get_sampling(session, &params, &error));
  MUST(params.max_new_tokens == 6 && params.logprobs == 2);
  tlite_message message;
  MUST(tlite_message_init(&message, sizeof message) == TLITE_OK);
  message.role.data = "user";
  message.role.size = message.content.size = 4;
  message.content.data = "what";
  WORKS(tlite_session_add_system(session, "be brief", TLITE_NUL, &error));
  WORKS(tlite_session_add_message(session, &message, &error));
  int32_t count = 0;
  WORKS(tlite_session_count_prompt_tokens(session, &count, &error));
  MUST(count > 4);
  use_answers(session);
  use_streams(session);
  tlite_session* fork = NULL;
  tlite_messages* messages = NULL;
  WORKS(tlite_session_fork(session, &fork, &error));
  WORKS(tlite_session_get_messages(fork, &messages, &error));
  WORKS(tlite_session_rewind(fork, 1, &error));
  WORKS(tlite_session_set_messages(fork, messages, &error));
  tlite_messages_free(messages);
  WORKS(tlite_session_reset(fork, &error));
  FAILS(tlite_session_reply(fork, NULL, NULL, NULL, &error), TLITE_ERROR_INVALID_ARGUMENT);
  tlite_session_free(session);
  tlite_session_free(fork);
}

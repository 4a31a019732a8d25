/* Versions, names, errors, and what every function does with NULL. */
#include "check.h"

#include <stdint.h>
#include <string.h>

TEST(versions, "capi/basics: the library tells its version and its ABI") {
  CHECK(tlite_abi_version() == TLITE_ABI_VERSION);
  CHECK(strcmp(tlite_version(), TLITE_TEST_VERSION) == 0);
}

TEST(abi, "capi/basics: a program of another ABI is told both numbers") {
  CHECK(TLITE_ABI_VERSION == 65536u * TLITE_ABI_MAJOR + TLITE_ABI_MINOR);
  CHECK_OK(tlite_check_abi(TLITE_ABI_VERSION, &error));
  CHECK_ERROR(tlite_check_abi(TLITE_ABI_VERSION + 1, &error), TLITE_ERROR_NOT_SUPPORTED,
              "the program needs ABI 1.1, and libtlite_c " TLITE_TEST_VERSION " has 1.0");
  CHECK_ERROR(tlite_check_abi(6, &error), TLITE_ERROR_NOT_SUPPORTED, "the program needs ABI 0.6");
  for (uint32_t minor = 0; minor <= TLITE_ABI_MINOR; ++minor) {
    CHECK_OK(tlite_check_abi(65536u * TLITE_ABI_MAJOR + minor, &error));
  }
  CHECK_STATUS(tlite_check_abi(TLITE_ABI_VERSION + 65536, &error), TLITE_ERROR_NOT_SUPPORTED);
}

TEST(names, "capi/basics: every status, type and reason has a name") {
  static const struct {
    tlite_status status;
    const char* name;
  } statuses[] = {{TLITE_OK, "ok"},
                  {TLITE_ERROR_INVALID_ARGUMENT, "invalid_argument"},
                  {TLITE_ERROR_NOT_FOUND, "not_found"},
                  {TLITE_ERROR_IO, "io"},
                  {TLITE_ERROR_CORRUPT, "corrupt"},
                  {TLITE_ERROR_NOT_SUPPORTED, "not_supported"},
                  {TLITE_ERROR_OUT_OF_MEMORY, "out_of_memory"},
                  {TLITE_ERROR_CANCELLED, "cancelled"},
                  {TLITE_ERROR_CONTEXT_FULL, "context_full"},
                  {TLITE_ERROR_BAD_TEMPLATE, "bad_template"},
                  {TLITE_ERROR_BAD_STATE, "bad_state"},
                  {TLITE_ERROR_INTERNAL, "internal"},
                  {1, "unknown"},
                  {-11, "unknown"},
                  {INT32_MIN, "unknown"}};
  for (size_t i = 0; i < LENGTH(statuses); ++i) {
    CHECK(strcmp(tlite_status_name(statuses[i].status), statuses[i].name) == 0);
  }
  CHECK(strcmp(tlite_data_type_name(TLITE_DATA_TYPE_BF16), "bf16") == 0);
  CHECK(strcmp(tlite_data_type_name(TLITE_DATA_TYPE_IQ4_XS), "iq4_xs") == 0);
  CHECK(strcmp(tlite_data_type_name(TLITE_DATA_TYPE_AUTO), "unknown") == 0);
  CHECK(strcmp(tlite_data_type_name(INT32_MAX), "unknown") == 0);
  CHECK(strcmp(tlite_finish_reason_name(TLITE_FINISH_NONE), "none") == 0);
  CHECK(strcmp(tlite_finish_reason_name(TLITE_FINISH_CANCELLED), "cancelled") == 0);
  CHECK(strcmp(tlite_finish_reason_name(TLITE_FINISH_FAILED), "failed") == 0);
  CHECK(strcmp(tlite_finish_reason_name(9), "unknown") == 0);
  CHECK(strcmp(tlite_finish_reason_name(INT32_MIN), "unknown") == 0);
}

/* The names of 0, 1, ... in turn, and of what lies around them. */
#define CHECK_NAMES(function, ...)                                                     \
  do {                                                                                 \
    static const char* const expected[] = {__VA_ARGS__};                               \
    const int32_t count = (int32_t)LENGTH(expected);                                   \
    for (int32_t i = 0; i < count; ++i) CHECK(strcmp(function(i), expected[i]) == 0);  \
    const int32_t others[] = {-1, count, INT32_MIN, INT32_MAX};                        \
    for (size_t i = 0; i < 4; ++i) CHECK(strcmp(function(others[i]), "unknown") == 0); \
  } while (0)

TEST(names_of_sets, "capi/basics: so has every member of the sets of options") {
  CHECK_NAMES(tlite_log_level_name, "debug", "info", "warning", "error");
  CHECK_NAMES(tlite_overflow_policy_name, "stop", "error", "drop_oldest");
  CHECK_NAMES(tlite_pooling_name, "none", "last", "mean", "cls");
  CHECK_NAMES(tlite_beam_scoring_name, "huggingface", "vllm");
  CHECK_NAMES(tlite_beam_stopping_name, "heuristic", "at_once", "never");
  CHECK_NAMES(tlite_importance_format_name, "gguf", "dat");
}

TEST(free_null, "capi/basics: free functions take NULL") {
  tlite_error_free(NULL);
  tlite_string_free(NULL);
  tlite_tokens_free(NULL);
  tlite_host_free(NULL);
  tlite_tokenizer_free(NULL);
  tlite_stream_decoder_free(NULL);
  tlite_messages_free(NULL);
  tlite_chat_template_free(NULL);
  tlite_prompt_free(NULL);
  tlite_model_info_free(NULL);
  tlite_progress_free(NULL);
  tlite_model_free(NULL);
  tlite_evaluator_free(NULL);
  tlite_generation_free(NULL);
  tlite_beams_free(NULL);
  tlite_session_free(NULL);
  tlite_stream_free(NULL);
}

TEST(views_of_null, "capi/basics: views of NULL are empty") {
  size_t size = 7;
  CHECK(tlite_error_status(NULL) == TLITE_OK);
  CHECK(strcmp(tlite_error_message(NULL, &size), "") == 0 && size == 0);
  size = 7;
  CHECK(tlite_string_data(NULL, &size) == NULL && size == 0);
  size = 7;
  CHECK(tlite_tokens_data(NULL, &size) == NULL && size == 0);
  size = 7;
  CHECK(tlite_prompt_text(NULL, &size) == NULL && size == 0);
  size = 7;
  CHECK(tlite_prompt_literal_ranges(NULL, &size) == NULL && size == 0);
  size = 7;
  CHECK(tlite_chat_template_source(NULL, &size) == NULL && size == 0);
  CHECK(tlite_string_data(NULL, NULL) == NULL);
  CHECK(tlite_messages_count(NULL) == 0);
  CHECK(tlite_tokenizer_is_special(NULL, 0) == 0);
  CHECK(tlite_tokenizer_vocab_size(NULL) == 0);
  CHECK(tlite_tokenizer_bos_token(NULL) == -1);
  CHECK(tlite_tokenizer_eos_token(NULL) == -1);
  CHECK(tlite_tokenizer_pad_token(NULL) == -1);
  CHECK(tlite_model_vocab_size(NULL) == 0);
  CHECK(tlite_model_hidden_size(NULL) == 0);
  CHECK(tlite_stream_finish_reason(NULL) == TLITE_FINISH_NONE);
  CHECK(tlite_evaluator_free_positions(NULL) == 0);
  CHECK(tlite_evaluator_logits_rows(NULL) == 0);
  int64_t done = 7;
  int64_t total = 7;
  tlite_session_get_prefill_progress(NULL, &done, &total);
  tlite_progress_get(NULL, &done, &total);
  CHECK(done == 7 && total == 7);
}

TEST(commands_to_null, "capi/basics: commands that cannot fail do nothing to NULL") {
  tlite_progress_cancel(NULL);
  tlite_progress_reset(NULL);
  tlite_evaluator_cancel(NULL);
  tlite_evaluator_clear_cancel(NULL);
  tlite_session_cancel(NULL);
  tlite_session_clear_cancel(NULL);
}

#define INVALID(call, part) CHECK_ERROR(call, TLITE_ERROR_INVALID_ARGUMENT, part)

TEST(null_objects, "capi/basics: a NULL object or out parameter is named by the error") {
  tlite_tokens* tokens = NULL;
  tlite_string* string = NULL;
  tlite_generation* generation = NULL;
  tlite_stream* stream = NULL;
  tlite_text text;
  int32_t number = 0;
  const float* logits = NULL;
  const tlite_piece* piece = NULL;
  tlite_messages* messages = NULL;
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  CHECK_OK(tlite_messages_create(&messages, &error));

  INVALID(tlite_host_create(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_tokenizer_load(NULL, "x", 1, NULL, &error), "out is NULL");
  INVALID(tlite_tokenizer_encode(NULL, "x", 1, NULL, &tokens, &error), "tokenizer is NULL");
  INVALID(tlite_tokenizer_encode(NULL, "x", 1, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_tokenizer_decode(NULL, NULL, 0, NULL, &string, &error), "tokenizer is NULL");
  INVALID(tlite_tokenizer_get_token_bytes(NULL, 0, &string, &error), "tokenizer is NULL");
  INVALID(tlite_tokenizer_get_token_id(NULL, "x", 1, &number, &error), "tokenizer is NULL");
  INVALID(tlite_stream_decoder_create(NULL, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_stream_decoder_push(NULL, 0, &text, &error), "decoder is NULL");
  INVALID(tlite_stream_decoder_finish(NULL, &text, &error), "decoder is NULL");
  INVALID(tlite_messages_create(NULL, &error), "out is NULL");
  INVALID(tlite_messages_parse("[]", 2, NULL, &error), "out is NULL");
  INVALID(tlite_messages_add(NULL, &message, &error), "messages is NULL");
  INVALID(tlite_messages_add(messages, NULL, &error), "message is NULL");
  INVALID(tlite_messages_get(NULL, 0, &message, &error), "messages is NULL");
  INVALID(tlite_messages_get(messages, 0, NULL, &error), "out is NULL");
  INVALID(tlite_messages_to_json(NULL, &string, &error), "messages is NULL");
  INVALID(tlite_chat_template_load(NULL, "x", 1, NULL, &error), "out is NULL");
  INVALID(tlite_chat_template_render(NULL, messages, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_sampling_params_get_preset("greedy", 6, NULL, &error), "out is NULL");
  INVALID(tlite_sampling_params_validate(NULL, 1, &error), "params is NULL");
  INVALID(tlite_model_info_to_json(NULL, &string, &error), "info is NULL");
  INVALID(tlite_progress_create(NULL, &error), "out is NULL");
  INVALID(tlite_model_load(NULL, "x", 1, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_model_plan(NULL, "x", 1, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_model_inspect(NULL, "x", 1, NULL, &error), "out is NULL");
  INVALID(tlite_model_get_info(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_model_get_tokenizer(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_model_get_chat_template(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_model_get_default_sampling(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_evaluator_create(NULL, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_evaluator_create_sequence(NULL, &number, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_destroy_sequence(NULL, 0, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_get_length(NULL, 0, &number, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_fork(NULL, 0, -1, &number, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_adopt(NULL, NULL, 0, -1, &number, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_truncate(NULL, 0, 0, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_evaluate(NULL, NULL, 0, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_append(NULL, 0, NULL, 0, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_submit(NULL, NULL, 0, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_advance(NULL, 0, &number, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_advance(NULL, 0, NULL, &error), "finished is NULL");
  INVALID(tlite_evaluator_discard(NULL, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_get_logits(NULL, 0, &logits, NULL, &error), "evaluator is NULL");
  INVALID(tlite_evaluator_get_logits_matrix(NULL, &logits, NULL, NULL, NULL, &error),
          "evaluator is NULL");
  INVALID(tlite_evaluator_get_logits_matrix(NULL, NULL, NULL, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_evaluator_on_progress(NULL, NULL, NULL, &error), "evaluator is NULL");
  INVALID(tlite_session_create(NULL, NULL, NULL, &error), "out is NULL");
  INVALID(tlite_session_set_sampling(NULL, NULL, &error), "session is NULL");
  INVALID(tlite_session_add_system(NULL, "x", 1, &error), "session is NULL");
  INVALID(tlite_session_add_user(NULL, "x", 1, &error), "session is NULL");
  INVALID(tlite_session_add_message(NULL, &message, &error), "session is NULL");
  INVALID(tlite_session_get_messages(NULL, &messages, &error), "session is NULL");
  INVALID(tlite_session_set_messages(NULL, messages, &error), "session is NULL");
  INVALID(tlite_session_rewind(NULL, 0, &error), "session is NULL");
  INVALID(tlite_session_reset(NULL, &error), "session is NULL");
  INVALID(tlite_session_fork(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_session_count_prompt_tokens(NULL, &number, &error), "session is NULL");
  INVALID(tlite_session_reply(NULL, NULL, NULL, &generation, &error), "session is NULL");
  INVALID(tlite_session_regenerate(NULL, NULL, NULL, NULL, &error), "session is NULL");
  INVALID(tlite_session_continue(NULL, NULL, NULL, NULL, &error), "session is NULL");
  INVALID(tlite_session_complete(NULL, "x", 1, NULL, NULL, NULL, &error), "session is NULL");
  INVALID(tlite_session_stream(NULL, &stream, &error), "session is NULL");
  INVALID(tlite_session_stream(NULL, NULL, &error), "out is NULL");
  INVALID(tlite_session_stream_regenerate(NULL, &stream, &error), "session is NULL");
  INVALID(tlite_session_stream_continue(NULL, &stream, &error), "session is NULL");
  INVALID(tlite_session_stream_complete(NULL, "x", 1, &stream, &error), "session is NULL");
  INVALID(tlite_session_stream_complete_ids(NULL, NULL, 0, &stream, &error), "session is NULL");
  INVALID(tlite_stream_next(NULL, &piece, &error), "stream is NULL");
  INVALID(tlite_stream_next(NULL, NULL, &error), "piece is NULL");
  INVALID(tlite_stream_get_result(NULL, &generation, &error), "stream is NULL");
  INVALID(tlite_session_on_prefill(NULL, NULL, NULL, &error), "session is NULL");

  CHECK(tokens == NULL && string == NULL && generation == NULL && stream == NULL && piece == NULL);
  tlite_messages_free(messages);
}

TEST(error_is_optional, "capi/basics: nobody has to ask for the error") {
  CHECK(tlite_host_create(NULL, NULL, NULL) == TLITE_ERROR_INVALID_ARGUMENT);
  tlite_error* error = NULL;
  tlite_host* given = NULL;
  CHECK(tlite_host_create(NULL, &given, &error) == TLITE_OK);
  CHECK(error == NULL);
  tlite_host_free(given);
}

TEST(texts, "capi/basics: a text may be NULL when it is empty, and must have a possible size") {
  tlite_messages* messages = NULL;
  INVALID(tlite_messages_parse(NULL, 3, &messages, &error), "json is NULL, with a size of 3");
  INVALID(tlite_messages_parse("[]", (size_t)-2, &messages, &error), "more than memory can hold");
  INVALID(tlite_messages_parse(NULL, 0, &messages, &error), "");
  CHECK_OK(tlite_messages_parse("[]", TLITE_NUL, &messages, &error));
  tlite_messages_free(messages);

  tlite_model_info* info = NULL;
  INVALID(tlite_model_inspect(NULL, "", 0, &info, &error), "path is empty");
  INVALID(tlite_model_inspect(NULL, NULL, TLITE_NUL, &info, &error), "path is empty");
  INVALID(tlite_model_inspect(NULL, "a\0b", 3, &info, &error), "path has a NUL inside");
}

TEST(cut_paths, "capi/basics: a path with a NUL inside is refused wherever there is one") {
  const tlite_text cut = {"a\0b", 3};
  tlite_model* model = NULL;
  tlite_load_options load;
  tlite_load_options_init(&load, sizeof load);
  load.packed_cache = cut;
  INVALID(tlite_model_load(NULL, "a", 1, &load, &model, &error), "packed_cache has a NUL inside");
  tlite_plan_options planned;
  tlite_plan_options_init(&planned, sizeof planned);
  planned.packed_cache = cut;
  tlite_memory_plan plan;
  tlite_memory_plan_init(&plan, sizeof plan);
  INVALID(tlite_model_plan(NULL, "a", 1, &planned, &plan, &error), "packed_cache has a NUL inside");
  tlite_quantize_options quantize;
  tlite_quantize_options_init(&quantize, sizeof quantize);
  INVALID(tlite_quantize(NULL, "a\0b", 3, "b", 1, TLITE_WEIGHT_MIX_Q8_0, &quantize, &error),
          "source has a NUL inside");
  INVALID(tlite_quantize(NULL, "a", 1, "b\0", 2, TLITE_WEIGHT_MIX_Q8_0, &quantize, &error),
          "target has a NUL inside");
  INVALID(tlite_quantize(NULL, "a", 1, NULL, 0, TLITE_WEIGHT_MIX_Q8_0, &quantize, &error),
          "target is empty");
  quantize.importance = cut;
  INVALID(tlite_quantize(NULL, "a", 1, "b", 1, TLITE_WEIGHT_MIX_Q8_0, &quantize, &error),
          "importance has a NUL inside");
}

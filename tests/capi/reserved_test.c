/* Fields without a meaning. A value that is taken in silence today could never get one. */
#include "tiny_session.h"

#include <string.h>

#define REFUSED(call, name) CHECK_ERROR(call, TLITE_ERROR_NOT_SUPPORTED, name ".reserved is 1")

TEST(reserved_options, "capi/reserved: options with a reserved field that is set are refused") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_session* session = NULL;
  tlite_session_options session_options;
  tlite_session_options_init(&session_options, sizeof session_options);
  session_options.reserved = 1;
  REFUSED(tlite_session_create(model, &session_options, &session, &error), "session_options");
  tlite_quantize_options quantize_options;
  tlite_quantize_options_init(&quantize_options, sizeof quantize_options);
  quantize_options.reserved = 1;
  REFUSED(tlite_quantize(NULL, "x", 1, "y", 1, TLITE_WEIGHT_MIX_Q8_0, &quantize_options, &error),
          "quantize_options");
  CHECK(session == NULL);
  tlite_model_free(model);
}

TEST(reserved_texts, "capi/reserved: so are those of texts, templates and messages") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_tokenizer* tokenizer = NULL;
  tlite_tokens* tokens = NULL;
  CHECK_OK(tlite_model_get_tokenizer(model, &tokenizer, &error));
  tlite_encode_options encode_options;
  tlite_encode_options_init(&encode_options, sizeof encode_options);
  encode_options.reserved = 1;
  REFUSED(tlite_tokenizer_encode(tokenizer, "x", 1, &encode_options, &tokens, &error),
          "encode_options");
  tlite_chat_template* chat_template = NULL;
  tlite_prompt* prompt = NULL;
  CHECK_OK(tlite_model_get_chat_template(model, &chat_template, &error));
  tlite_template_options template_options;
  tlite_template_options_init(&template_options, sizeof template_options);
  template_options.reserved = 1;
  REFUSED(
      tlite_chat_template_render_json(chat_template, "[]", 2, &template_options, &prompt, &error),
      "template_options");
  tlite_messages* messages = NULL;
  CHECK_OK(tlite_messages_create(&messages, &error));
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  message.reserved = 1;
  REFUSED(tlite_messages_add(messages, &message, &error), "message");
  message.reserved = 0;
  tlite_tool_call call;
  memset(&call, 0, sizeof call);
  call.reserved[3] = 1;
  message.tool_calls = &call;
  message.tool_call_count = 1;
  REFUSED(tlite_messages_add(messages, &message, &error), "tool_call");
  CHECK(tokens == NULL && prompt == NULL && tlite_messages_count(messages) == 0);
  tlite_messages_free(messages);
  tlite_chat_template_free(chat_template);
  tlite_tokenizer_free(tokenizer);
  tlite_model_free(model);
}

TEST(reserved_elements, "capi/reserved: so are those of rows and biases") {
  memory_host host;
  tlite_model* const model = tiny_model_load(&host);
  REQUIRE(model != NULL);
  tlite_evaluator* evaluator = NULL;
  int32_t sequence = 0;
  CHECK_OK(tlite_evaluator_create(model, NULL, &evaluator, &error));
  CHECK_OK(tlite_evaluator_create_sequence(evaluator, &sequence, &error));
  for (size_t i = 0; i < 3; ++i) {
    tlite_batch_row row;
    memset(&row, 0, sizeof row);
    row.sequence = sequence;
    row.reserved[i] = 1;
    REFUSED(tlite_evaluator_evaluate(evaluator, &row, 1, &error), "batch_row");
  }
  tlite_evaluator_free(evaluator);
  tlite_model_free(model);

  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.reserved = 1;
  REFUSED(tlite_sampling_params_validate(&params, 100, &error), "sampling_params");
  params.reserved = 0;
  const int32_t tokens[] = {1, 2};
  const tlite_sequence_bias bias = {{tokens, 2}, 1, 1};
  params.sequence_bias = &bias;
  params.sequence_bias_count = 1;
  REFUSED(tlite_sampling_params_validate(&params, 100, &error), "sequence_bias");
}

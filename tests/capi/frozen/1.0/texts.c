/* Tokenizers, stream decoders, messages, chat templates and stop matchers. */
#include "use.h"

#include <string.h>

static tlite_text text_of(const char* text) {
  const tlite_text result = {text, strlen(text)};
  return result;
}

static void use_tokenizer(const tlite_tokenizer* tokenizer) {
  MUST(tlite_tokenizer_vocab_size(tokenizer) > 256);
  MUST(tlite_tokenizer_bos_token(tokenizer) >= TLITE_UNSET);
  MUST(tlite_tokenizer_pad_token(tokenizer) >= TLITE_UNSET);
  const int32_t end = tlite_tokenizer_eos_token(tokenizer);
  MUST(end >= 0 && tlite_tokenizer_is_special(tokenizer, end));
  int32_t id = 0;
  WORKS(tlite_tokenizer_get_token_id(tokenizer, "<|im_start|>", TLITE_NUL, &id, &error));
  tlite_string* bytes = NULL;
  WORKS(tlite_tokenizer_get_token_bytes(tokenizer, id, &bytes, &error));
  MUST(strcmp(tlite_string_data(bytes, NULL), "<|im_start|>") == 0);
  tlite_string_free(bytes);

  static const char text[] = "<|im_start|>\xD0\xBF\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82";
  const tlite_text_range literal = {0, 12};
  tlite_encode_options encode;
  MUST(tlite_encode_options_init(&encode, sizeof encode) == TLITE_OK);
  MUST(encode.parse_special == 1 && encode.add_special == 1);
  tlite_tokens* tokens[2] = {NULL, NULL};
  size_t counts[2] = {0, 0};
  WORKS(tlite_tokenizer_encode(tokenizer, text, TLITE_NUL, NULL, &tokens[0], &error));
  encode.literal_ranges = &literal;
  encode.literal_range_count = 1;
  WORKS(tlite_tokenizer_encode(tokenizer, text, TLITE_NUL, &encode, &tokens[1], &error));
  const int32_t* const ids = tlite_tokens_data(tokens[0], &counts[0]);
  tlite_tokens_data(tokens[1], &counts[1]);
  MUST(counts[0] > 1 && counts[1] > counts[0] && ids[0] == id);

  tlite_decode_options decode;
  MUST(tlite_decode_options_init(&decode, sizeof decode) == TLITE_OK);
  decode.skip_special = 1;
  tlite_string* decoded = NULL;
  WORKS(tlite_tokenizer_decode(tokenizer, ids, counts[0], &decode, &decoded, &error));
  MUST(strcmp(tlite_string_data(decoded, NULL), text + 12) == 0);
  tlite_string_free(decoded);
  tlite_stream_decoder* decoder = NULL;
  WORKS(tlite_stream_decoder_create(tokenizer, &decode, &decoder, &error));
  size_t size = 0;
  tlite_text part;
  for (size_t i = 0; i < counts[0]; i++) {
    WORKS(tlite_stream_decoder_push(decoder, ids[i], &part, &error));
    size += part.size;
  }
  WORKS(tlite_stream_decoder_finish(decoder, &part, &error));
  MUST(size + part.size == strlen(text) - 12);
  tlite_stream_decoder_free(decoder);
  tlite_tokens_free(tokens[0]);
  tlite_tokens_free(tokens[1]);
}

static void use_template(const tlite_chat_template* chat, const tlite_messages* messages) {
  tlite_template_options options;
  MUST(tlite_template_options_init(&options, sizeof options) == TLITE_OK);
  options.add_generation_prompt = 1;
  options.has_now = 1;
  tlite_prompt* prompt = NULL;
  size_t count = 0;
  WORKS(tlite_chat_template_render(chat, messages, &options, &prompt, &error));
  MUST(strstr(tlite_prompt_text(prompt, NULL), "hello") != NULL);
  MUST(tlite_prompt_literal_ranges(prompt, &count) != NULL && count > 0);
  tlite_prompt_free(prompt);
  static const char json[] = "[{\"role\": \"user\", \"content\": \"hello\"}]";
  WORKS(tlite_chat_template_render_json(chat, json, TLITE_NUL, &options, &prompt, &error));
  MUST(strstr(tlite_prompt_text(prompt, NULL), "hello") != NULL);
  tlite_prompt_free(prompt);
}

static void use_messages(const tlite_chat_template* chat) {
  tlite_messages* messages = NULL;
  tlite_message message;
  tlite_tool_call call = {text_of("f"), text_of("{\"x\": 1}"), text_of("1"), {0, 0, 0, 0}};
  WORKS(tlite_messages_create(&messages, &error));
  MUST(tlite_message_init(&message, sizeof message) == TLITE_OK);
  message.role = text_of("user");
  message.content = text_of("hello");
  WORKS(tlite_messages_add(messages, &message, &error));
  message.role = text_of("assistant");
  message.tool_calls = &call;
  message.tool_call_count = 1;
  WORKS(tlite_messages_add(messages, &message, &error));
  call.arguments_json = text_of("[]");
  FAILS(tlite_messages_add(messages, &message, &error), TLITE_ERROR_INVALID_ARGUMENT);
  MUST(tlite_messages_count(messages) == 2);
  WORKS(tlite_messages_get(messages, 1, &message, &error));
  MUST(message.struct_size == sizeof message && message.tool_calls[0].name.data[0] == 'f');
  tlite_string* json = NULL;
  tlite_messages* again = NULL;
  WORKS(tlite_messages_to_json(messages, &json, &error));
  WORKS(tlite_messages_parse(tlite_string_data(json, NULL), TLITE_NUL, &again, &error));
  MUST(tlite_messages_count(again) == 2);
  tlite_string_free(json);
  tlite_messages_free(messages);
  tlite_messages_free(again);
  static const char user[] = "[{\"role\": \"user\", \"content\": \"hello\"}]";
  WORKS(tlite_messages_parse(user, TLITE_NUL, &messages, &error));
  use_template(chat, messages);
  tlite_messages_free(messages);
}

static void use_stop_matcher(void) {
  const tlite_text stop = text_of("END");
  tlite_stop_matcher* matcher = NULL;
  tlite_text out;
  tlite_text found;
  WORKS(tlite_stop_matcher_create(&stop, 1, 0, &matcher, &error));
  WORKS(tlite_stop_matcher_push(matcher, "the E", 5, &out, &found, &error));
  MUST(out.size == 4 && found.size == 0);
  WORKS(tlite_stop_matcher_push(matcher, "ND", 2, &out, &found, &error));
  MUST(out.size == 0 && found.size == 3);
  WORKS(tlite_stop_matcher_flush(matcher, &out, &error));
  tlite_stop_matcher_free(matcher);
}

void use_texts(const tlite_model* model, const char* path) {
  tlite_tokenizer* tokenizer = NULL;
  WORKS(tlite_model_get_tokenizer(model, &tokenizer, &error));
  use_tokenizer(tokenizer);
  tlite_tokenizer_free(tokenizer);
  WORKS(tlite_tokenizer_load(NULL, path, TLITE_NUL, &tokenizer, &error));
  use_tokenizer(tokenizer);
  tlite_tokenizer_free(tokenizer);
  tlite_chat_template* chat = NULL;
  WORKS(tlite_model_get_chat_template(model, &chat, &error));
  use_messages(chat);
  tlite_chat_template_free(chat);
  WORKS(tlite_chat_template_load(NULL, path, TLITE_NUL, &chat, &error));
  tlite_chat_template_free(chat);
  WORKS(tlite_chat_template_parse("{% for m in messages %}{{ m.content }}{% endfor %}", TLITE_NUL,
                                  "<s>", 3, "</s>", 4, &chat, &error));
  MUST(strncmp(tlite_chat_template_source(chat, NULL), "{% for", 6) == 0);
  use_messages(chat);
  tlite_chat_template_free(chat);
  use_stop_matcher();
}

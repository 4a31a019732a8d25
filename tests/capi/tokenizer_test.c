#include "check.h"
#include "memory_host.h"
#include "tiny_model.h"

#include <string.h>

/* From a host that is gone by the time of the return. */
static tlite_tokenizer* load_tokenizer(memory_host* host) {
  memory_host_init(host);
  tlite_host* const given = memory_host_create(host);
  tlite_tokenizer* tokenizer = NULL;
  CHECK_OK(tlite_tokenizer_load(given, "memory", TLITE_NUL, &tokenizer, &error));
  tlite_host_free(given);
  return tokenizer;
}

TEST(tokenizer_life, "capi/tokenizer: encodes and decodes") {
  memory_host host;
  tlite_tokenizer* const tokenizer = load_tokenizer(&host);
  REQUIRE(tokenizer != NULL);
  tlite_tokens* tokens = NULL;
  size_t count = 0;
  CHECK_OK(tlite_tokenizer_encode(tokenizer, "hello<|im_end|>", TLITE_NUL, NULL, &tokens, &error));
  const int32_t* const ids = tlite_tokens_data(tokens, &count);
  CHECK(count == 2 && ids[0] == 259 && ids[1] == TINY_IM_END);

  tlite_string* text = NULL;
  size_t size = 0;
  CHECK_OK(tlite_tokenizer_decode(tokenizer, ids, count, NULL, &text, &error));
  CHECK(strcmp(tlite_string_data(text, &size), "hello<|im_end|>") == 0 && size == 15);
  tlite_string_free(text);
  tlite_decode_options decode;
  tlite_decode_options_init(&decode, sizeof decode);
  decode.skip_special = 1;
  text = NULL;
  CHECK_OK(tlite_tokenizer_decode(tokenizer, ids, count, &decode, &text, &error));
  CHECK(strcmp(tlite_string_data(text, NULL), "hello") == 0);
  tlite_string_free(text);
  tlite_tokens_free(tokens);

  text = NULL;
  CHECK_OK(tlite_tokenizer_get_token_bytes(tokenizer, 0xD0, &text, &error));
  CHECK(strcmp(tlite_string_data(text, &size), "\xD0") == 0 && size == 1);
  tlite_string_free(text);
  int32_t id = -1;
  CHECK_OK(tlite_tokenizer_get_token_id(tokenizer, "<|im_start|>", TLITE_NUL, &id, &error));
  CHECK(id == TINY_IM_START);
  CHECK(tlite_tokenizer_is_special(tokenizer, TINY_IM_START) == 1);
  CHECK(tlite_tokenizer_is_special(tokenizer, 0) == 0);
  CHECK(tlite_tokenizer_is_special(tokenizer, -1) == 0);
  CHECK(tlite_tokenizer_vocab_size(tokenizer) == TINY_VOCABULARY);
  CHECK(tlite_tokenizer_bos_token(tokenizer) == -1);
  CHECK(tlite_tokenizer_eos_token(tokenizer) == TINY_IM_END);
  CHECK(tlite_tokenizer_pad_token(tokenizer) == TINY_END_OF_TEXT);
  tlite_tokenizer_free(tokenizer);
  CHECK(host.released == 1 && host.open_files == 0);
}

TEST(tokenizer_literal, "capi/tokenizer: special tokens can be plain text, all or some") {
  memory_host host;
  tlite_tokenizer* const tokenizer = load_tokenizer(&host);
  REQUIRE(tokenizer != NULL);
  const char* const text = "<|im_end|><|im_end|>";
  tlite_encode_options options;
  tlite_encode_options_init(&options, sizeof options);
  options.parse_special = 0;
  tlite_tokens* tokens = NULL;
  size_t count = 0;
  CHECK_OK(tlite_tokenizer_encode(tokenizer, text, TLITE_NUL, &options, &tokens, &error));
  tlite_tokens_data(tokens, &count);
  CHECK(count == 20);
  tlite_tokens_free(tokens);

  const tlite_text_range second = {10, 20};
  options.parse_special = 1;
  options.literal_ranges = &second;
  options.literal_range_count = 1;
  tokens = NULL;
  CHECK_OK(tlite_tokenizer_encode(tokenizer, text, TLITE_NUL, &options, &tokens, &error));
  CHECK(tlite_tokens_data(tokens, &count)[0] == TINY_IM_END && count == 11);
  tlite_tokens_free(tokens);
  tlite_tokenizer_free(tokenizer);
}

TEST(tokenizer_errors, "capi/tokenizer: bad ids, ranges and names are errors") {
  memory_host host;
  tlite_tokenizer* const tokenizer = load_tokenizer(&host);
  REQUIRE(tokenizer != NULL);
  tlite_string* text = NULL;
  tlite_tokens* tokens = NULL;
  int32_t id = 7;
  const int32_t ids[] = {0, TINY_VOCABULARY};
  CHECK_ERROR(tlite_tokenizer_decode(tokenizer, ids, 2, NULL, &text, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "263");
  CHECK_ERROR(tlite_tokenizer_get_token_bytes(tokenizer, -1, &text, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "-1");
  CHECK_ERROR(tlite_tokenizer_decode(tokenizer, NULL, 2, NULL, &text, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "ids is NULL, with a count of 2");
  CHECK_ERROR(tlite_tokenizer_decode(tokenizer, ids, (size_t)-1, NULL, &text, &error),
              TLITE_ERROR_INVALID_ARGUMENT, "more than memory can hold");
  CHECK_ERROR(tlite_tokenizer_get_token_id(tokenizer, "nothing", TLITE_NUL, &id, &error),
              TLITE_ERROR_NOT_FOUND, "'nothing'");
  CHECK(text == NULL && id == 7);

  static const tlite_text_range bad[][2] = {
      {{2, 1}, {0, 0}}, {{0, 6}, {6, 6}}, {{1, 3}, {2, 4}}, {{3, 4}, {0, 1}}};
  for (size_t i = 0; i < LENGTH(bad); ++i) {
    tlite_encode_options options;
    tlite_encode_options_init(&options, sizeof options);
    options.literal_ranges = bad[i];
    options.literal_range_count = 2;
    CHECK_ERROR(tlite_tokenizer_encode(tokenizer, "hello", 5, &options, &tokens, &error),
                TLITE_ERROR_INVALID_ARGUMENT, "literal_ranges[");
  }
  CHECK(tokens == NULL);
  tlite_tokenizer_free(tokenizer);
}

TEST(tokenizer_missing, "capi/tokenizer: a missing file is named") {
  tlite_tokenizer* tokenizer = NULL;
  CHECK_ERROR(tlite_tokenizer_load(NULL, "/no/such", TLITE_NUL, &tokenizer, &error),
              TLITE_ERROR_NOT_FOUND, "/no/such");
  CHECK(tokenizer == NULL);
}

TEST(stream_decoder, "capi/tokenizer: a stream decoder hands out whole characters") {
  memory_host host;
  tlite_tokenizer* const tokenizer = load_tokenizer(&host);
  REQUIRE(tokenizer != NULL);
  tlite_stream_decoder* decoder = NULL;
  CHECK_OK(tlite_stream_decoder_create(tokenizer, NULL, &decoder, &error));
  tlite_tokenizer_free(tokenizer); /* the decoder keeps what it needs */
  tlite_text text = {NULL, 7};
  CHECK_OK(tlite_stream_decoder_push(decoder, 0xD0, &text, &error)); /* half of U+0416 */
  CHECK(text.size == 0);
  CHECK_OK(tlite_stream_decoder_push(decoder, 0x96, &text, &error));
  CHECK(text.size == 2 && strcmp(text.data, "\xD0\x96") == 0);
  CHECK_OK(tlite_stream_decoder_push(decoder, 0xD0, &text, &error));
  CHECK_OK(tlite_stream_decoder_finish(decoder, &text, &error));
  CHECK(text.size == 3 && strcmp(text.data, "\xEF\xBF\xBD") == 0);
  CHECK_STATUS(tlite_stream_decoder_push(decoder, 100000, &text, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(text.size == 3);
  tlite_stream_decoder_free(decoder);
}

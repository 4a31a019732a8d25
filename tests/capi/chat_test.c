/* Messages and chat templates. */
#include "check.h"
#include "memory_host.h"

#include <string.h>

static tlite_text text_of(const char* text) {
  const tlite_text view = {text, TLITE_NUL};
  return view;
}

static int same(tlite_text text, const char* expected) {
  return text.size == strlen(expected) && strcmp(text.data, expected) == 0;
}

TEST(messages_built, "capi/chat: a list of messages gives back what was put in") {
  tlite_messages* messages = NULL;
  CHECK_OK(tlite_messages_create(&messages, &error));
  CHECK(tlite_messages_count(messages) == 0);
  char content[] = "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82";
  const tlite_tool_call call = {
      {"weather", 7}, {"{\"city\": \"\xD0\x9C\"}", TLITE_NUL}, {"c1", 2}, {0}};
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  message.role = text_of("user");
  message.content = text_of(content);
  CHECK_OK(tlite_messages_add(messages, &message, &error));
  memset(content, 'x', sizeof content - 1); /* the list has a copy */
  message.role = text_of("assistant");
  message.content = text_of("");
  message.tool_calls = &call;
  message.tool_call_count = 1;
  message.name = text_of("bot");
  CHECK_OK(tlite_messages_add(messages, &message, &error));
  CHECK(tlite_messages_count(messages) == 2);

  CHECK_OK(tlite_messages_get(messages, 0, &message, &error));
  CHECK(same(message.role, "user") && message.tool_call_count == 0);
  CHECK(same(message.content, "\xD0\x9F\xD1\x80\xD0\xB8\xD0\xB2\xD0\xB5\xD1\x82"));
  CHECK_OK(tlite_messages_get(messages, 1, &message, &error));
  REQUIRE(message.tool_call_count == 1);
  CHECK(same(message.tool_calls[0].name, "weather") && same(message.tool_calls[0].id, "c1"));
  CHECK(same(message.tool_calls[0].arguments_json, "{\"city\": \"\xD0\x9C\"}"));
  CHECK(same(message.name, "bot") && message.tool_call_id.size == 0);
  CHECK_ERROR(tlite_messages_get(messages, 2, &message, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "index is 2, in a list of 2 messages");

  tlite_string* json = NULL;
  tlite_messages* again = NULL;
  CHECK_OK(tlite_messages_to_json(messages, &json, &error));
  size_t size = 0;
  const char* const data = tlite_string_data(json, &size);
  CHECK_OK(tlite_messages_parse(data, size, &again, &error));
  CHECK(tlite_messages_count(again) == 2);
  CHECK_OK(tlite_messages_get(again, 1, &message, &error));
  CHECK(message.tool_call_count == 1 && same(message.tool_calls[0].name, "weather"));
  tlite_string_free(json);
  tlite_messages_free(again);
  tlite_messages_free(messages);
}

TEST(messages_errors, "capi/chat: bad messages are errors and leave the list alone") {
  tlite_messages* messages = NULL;
  CHECK_OK(tlite_messages_create(&messages, &error));
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  message.tool_call_count = 3;
  CHECK_ERROR(tlite_messages_add(messages, &message, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "tool_calls is NULL, with a count of 3");
  message.tool_call_count = 0;
  message.content.size = 3;
  CHECK_ERROR(tlite_messages_add(messages, &message, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "content is NULL, with a size of 3");
  message.content.size = 0;
  tlite_tool_call calls[2];
  memset(calls, 0, sizeof calls); /* empty arguments: none */
  message.tool_calls = calls;
  message.tool_call_count = 2;
  static const char* const bad[] = {"[]", "1", "{", "{} x", "null"};
  for (size_t i = 0; i < LENGTH(bad); ++i) {
    calls[1].arguments_json.data = bad[i];
    calls[1].arguments_json.size = TLITE_NUL;
    CHECK_ERROR(tlite_messages_add(messages, &message, &error), TLITE_ERROR_INVALID_ARGUMENT,
                "tool_calls[1].arguments");
  }
  message.tool_call_count = 0;
  message.struct_size = 3;
  CHECK_ERROR(tlite_messages_add(messages, &message, &error), TLITE_ERROR_INVALID_ARGUMENT,
              "struct_size is 3");
  CHECK(tlite_messages_count(messages) == 0);
  tlite_messages_free(messages);

  messages = NULL;
  CHECK_STATUS(tlite_messages_parse("[{]", TLITE_NUL, &messages, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK_STATUS(tlite_messages_parse("{}", TLITE_NUL, &messages, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(messages == NULL);
}

static const char kSource[] =
    "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}{{ mood }}{{ eos_token }}";

TEST(template_life, "capi/chat: a template renders messages, and tells which text is theirs") {
  tlite_chat_template* chat = NULL;
  CHECK_OK(tlite_chat_template_parse(kSource, TLITE_NUL, NULL, 0, "<e>", 3, &chat, &error));
  size_t size = 0;
  CHECK(strcmp(tlite_chat_template_source(chat, &size), kSource) == 0 &&
        size == sizeof kSource - 1);
  tlite_template_options options;
  tlite_template_options_init(&options, sizeof options);
  options.add_generation_prompt = 1;
  options.extra_json = text_of("{\"mood\": \"glad\"}");
  tlite_messages* messages = NULL;
  const char* const json = "[{\"role\": \"user\", \"content\": \"abc\"}]";
  CHECK_OK(tlite_messages_parse(json, TLITE_NUL, &messages, &error));
  tlite_prompt* prompt = NULL;
  tlite_prompt* same_prompt = NULL;
  CHECK_OK(tlite_chat_template_render(chat, messages, &options, &prompt, &error));
  CHECK_OK(tlite_chat_template_render_json(chat, json, TLITE_NUL, &options, &same_prompt, &error));
  tlite_messages_free(messages);
  tlite_chat_template_free(chat);

  CHECK(strcmp(tlite_prompt_text(prompt, &size), "[user]abc[assistant]glad<e>") == 0);
  CHECK(size == 27 &&
        strcmp(tlite_prompt_text(same_prompt, NULL), tlite_prompt_text(prompt, NULL)) == 0);
  size_t count = 0;
  const tlite_text_range* const ranges = tlite_prompt_literal_ranges(prompt, &count);
  int covered = 0;
  for (size_t i = 0; i < count; ++i) covered |= ranges[i].begin <= 6 && ranges[i].end >= 9;
  CHECK(covered);
  tlite_prompt_free(prompt);
  tlite_prompt_free(same_prompt);
}

TEST(template_errors, "capi/chat: a bad template and bad variables are errors") {
  tlite_chat_template* chat = NULL;
  CHECK_STATUS(tlite_chat_template_parse("{% for %}", TLITE_NUL, NULL, 0, NULL, 0, &chat, &error),
               TLITE_ERROR_BAD_TEMPLATE);
  CHECK_STATUS(tlite_chat_template_load(NULL, "/no/such", TLITE_NUL, &chat, &error),
               TLITE_ERROR_NOT_FOUND);
  CHECK(chat == NULL);
  CHECK_OK(tlite_chat_template_parse("{{ raise_exception('no ' + messages[0].role) }}", TLITE_NUL,
                                     NULL, 0, NULL, 0, &chat, &error));
  tlite_prompt* prompt = NULL;
  CHECK_ERROR(tlite_chat_template_render_json(chat, "[{\"role\": \"cat\", \"content\": \"\"}]",
                                              TLITE_NUL, NULL, &prompt, &error),
              TLITE_ERROR_BAD_TEMPLATE, "no cat");
  CHECK_STATUS(tlite_chat_template_render_json(chat, "nonsense", TLITE_NUL, NULL, &prompt, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  tlite_template_options options;
  tlite_template_options_init(&options, sizeof options);
  options.tools_json = text_of("[");
  CHECK_STATUS(tlite_chat_template_render_json(chat, "[]", TLITE_NUL, &options, &prompt, &error),
               TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(prompt == NULL);
  tlite_chat_template_free(chat);
}

TEST(template_loaded, "capi/chat: a template comes out of a model's directory") {
  memory_host host;
  memory_host_init(&host);
  tlite_host* const given = memory_host_create(&host);
  tlite_chat_template* chat = NULL;
  CHECK_OK(tlite_chat_template_load(given, "memory", TLITE_NUL, &chat, &error));
  tlite_host_free(given);
  tlite_prompt* prompt = NULL;
  CHECK_OK(tlite_chat_template_render_json(chat, "[{\"role\": \"user\", \"content\": \"hi\"}]",
                                           TLITE_NUL, NULL, &prompt, &error));
  CHECK(strcmp(tlite_prompt_text(prompt, NULL), "<|im_start|>user\nhi<|im_end|>\n") == 0);
  tlite_prompt_free(prompt);
  tlite_chat_template_free(chat);
}

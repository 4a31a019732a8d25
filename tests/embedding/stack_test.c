/* How much stack a call needs: hosts have threads with little. */
#define _GNU_SOURCE
#include "life.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* docs/embedding.md tells these numbers. */
enum { USUAL = 64 * 1024, FOR_TEMPLATES = 512 * 1024 };

typedef struct task {
  void (*body)(void* user);
  void* user;
} task;

static void* run(void* user) {
  task* const self = user;
  self->body(self->user);
  return NULL;
}

enum { MARK = 0x5a };

/* Runs `body` on a thread of `size` bytes of stack, and tells how deep it went. Below them lie pages
 * that must not be touched: who goes deeper dies. */
static size_t depth_of(size_t size, void (*body)(void* user), void* user) {
  enum { GUARD = 65536 };
  char* const memory =
      mmap(NULL, GUARD + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED && mprotect(memory, GUARD, PROT_NONE) == 0);
  char* const stack = memory + GUARD;
  memset(stack, MARK, size);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  CHECK(pthread_attr_setstack(&attributes, stack, size) == 0);
  task self = {body, user};
  pthread_t thread;
  CHECK(pthread_create(&thread, &attributes, run, &self) == 0);
  pthread_join(thread, NULL);
  pthread_attr_destroy(&attributes);
  size_t untouched = 0;
  while (untouched < size && stack[untouched] == MARK) ++untouched;
  munmap(memory, GUARD + size);
  return size - untouched;
}

static void report(const char* what, size_t used) { printf("stack: %6zu bytes, %s\n", used, what); }

static void whole_life(void* hash) { *(uint64_t*)hash = live_quietly(2); }

TEST(everything, "embedding/stack: a thread of 64 KiB does all that the library does") {
  const uint64_t expected = live_quietly(2);
  uint64_t hash = 0;
  report("a load, answers, logits, embeddings", depth_of(USUAL, whole_life, &hash));
  CHECK(hash == expected);
}

static void quantize(void* user) {
  (void)user;
  CHECK_OK(tlite_quantize(NULL, TLITE_TEST_MODEL, TLITE_NUL, TLITE_TEST_SCRATCH "/stack.gguf",
                          TLITE_NUL, TLITE_WEIGHT_MIX_Q4_K_M, NULL, &error));
}

TEST(quantizing, "embedding/stack: so is a file quantized") {
  report("a file quantized", depth_of(USUAL, quantize, NULL));
}

/* `depth` times `open`, what is in the middle, `depth` times `close`. */
static char* nested(const char* open, const char* middle, const char* close, size_t depth) {
  const size_t size = depth * (strlen(open) + strlen(close)) + strlen(middle) + 1;
  char* const text = malloc(size);
  char* at = text;
  for (size_t i = 0; i < depth; ++i) at = stpcpy(at, open);
  at = stpcpy(at, middle);
  for (size_t i = 0; i < depth; ++i) at = stpcpy(at, close);
  return text;
}

/* The template is as deep as may be, or refused: both are answers. */
static void parse_and_render(void* source) {
  tlite_chat_template* chat = NULL;
  tlite_prompt* prompt = NULL;
  tlite_error* error = NULL;
  tlite_status status =
      tlite_chat_template_parse(source, TLITE_NUL, NULL, 0, NULL, 0, &chat, &error);
  if (status == TLITE_OK) {
    status = tlite_chat_template_render_json(chat, "[]", TLITE_NUL, NULL, &prompt, &error);
  }
  CHECK(status == TLITE_OK || status == TLITE_ERROR_BAD_TEMPLATE);
  tlite_error_free(error);
  tlite_prompt_free(prompt);
  tlite_chat_template_free(chat);
}

static const char kRecursion[] =
    "{% macro f(n) %}{% if n %}{{ f(n - 1) | trim | upper }}{% endif %}{% endmacro %}{{ f(500) }}";

TEST(templates, "embedding/stack: templates and JSON as deep as they may be, and deeper") {
  static const struct {
    const char *open, *middle, *close;
  } kinds[] = {{"{{ ", "1", " }}"},
               {"(", "1", ")"},
               {"[", "1", "]"},
               {"not ", "1", ""},
               {"- ", "1", ""},
               {"{'a': ", "1", "}"},
               {"", "x", "[0]"},
               {"x(", "1", ")"},
               {"{% if 1 %}", "x", "{% endif %}"},
               {"1 if 1 else ", "1", ""},
               {"1 ~ ", "1", ""},
               {"2 ** ", "1", ""},
               {"", "'x'", " | trim"},
               {"1 and ", "1", ""},
               {"1 + ", "1", ""},
               {"{% for x in [1] %}", "x", "{% endfor %}"}};
  size_t most = depth_of(FOR_TEMPLATES, parse_and_render, (void*)kRecursion);
  for (size_t i = 0; i < LENGTH(kinds); ++i) {
    for (size_t depth = 10; depth <= 20000; depth = depth * 5 / 4) {
      char* const inner = nested(kinds[i].open, kinds[i].middle, kinds[i].close, depth);
      char* const source =
          inner[0] == '{' && inner[1] == '%' ? strdup(inner) : nested("{{ ", inner, " }}", 1);
      const size_t used = depth_of(FOR_TEMPLATES, parse_and_render, source);
      if (used > most) most = used;
      free(source);
      free(inner);
    }
  }
  report("deep templates", most);
}

static void parse_messages(void* json) {
  tlite_chat_template* chat = NULL;
  tlite_prompt* prompt = NULL;
  tlite_error* error = NULL;
  CHECK_OK(tlite_chat_template_parse("{{ messages | tojson }}", TLITE_NUL, NULL, 0, NULL, 0, &chat,
                                     &error));
  tlite_chat_template_render_json(chat, json, TLITE_NUL, NULL, &prompt, &error);
  tlite_error_free(error);
  tlite_prompt_free(prompt);
  tlite_messages* messages = NULL;
  tlite_messages_parse(json, TLITE_NUL, &messages, NULL);
  tlite_messages_free(messages);
  tlite_chat_template_free(chat);
}

TEST(json, "embedding/stack: JSON as deep as it may be, and deeper") {
  size_t most = 0;
  for (size_t depth = 10; depth <= 100000; depth = depth * 5 / 4) {
    char* const json = nested("[", "1", "]", depth);
    const size_t used = depth_of(USUAL, parse_messages, json);
    if (used > most) most = used;
    free(json);
  }
  report("deep JSON", most);
}

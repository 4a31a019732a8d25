/* The smallest test framework: tests in C register themselves, checks count. */
#ifndef TLITE_TESTS_CAPI_CHECK_H
#define TLITE_TESTS_CAPI_CHECK_H

#include <stddef.h>
#include <tlite.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct test {
  const char* name;
  void (*body)(void);
  struct test* next;
} test;

void test_register(test* added);
/* Counts, and prints what failed. */
void check_failed(const char* file, int line, const char* what);
/* Prints the message of an unexpected status; frees the error. Returns whether it was expected. */
int check_status(const char* file, int line, const char* call, tlite_status got,
                 tlite_status expected, tlite_error* error);
/* The same, and the message must have `part` in it. */
int check_error(const char* file, int line, const char* call, tlite_status got,
                tlite_status expected, tlite_error* error, const char* part);

#ifdef __cplusplus
}
#endif

/* TEST(id, "capi/part: behaviour") { ... } */
#define TEST(id, title)                                     \
  static void test_##id(void);                              \
  __attribute__((constructor)) static void add_##id(void) { \
    static test self = {title, test_##id, NULL};            \
    test_register(&self);                                   \
  }                                                         \
  static void test_##id(void)

#define CHECK(condition)                                            \
  do {                                                              \
    if (!(condition)) check_failed(__FILE__, __LINE__, #condition); \
  } while (0)

/* `call` passes &error where the error goes. */
#define CHECK_OK(call) CHECK_STATUS(call, TLITE_OK)
#define CHECK_STATUS(call, expected)                                      \
  do {                                                                    \
    tlite_error* error = NULL;                                            \
    const tlite_status answered = (call);                                 \
    check_status(__FILE__, __LINE__, #call, answered, (expected), error); \
  } while (0)
#define CHECK_ERROR(call, expected, part)                                        \
  do {                                                                           \
    tlite_error* error = NULL;                                                   \
    const tlite_status answered = (call);                                        \
    check_error(__FILE__, __LINE__, #call, answered, (expected), error, (part)); \
  } while (0)

/* Ends the test where going on makes no sense. */
#define REQUIRE(condition)                          \
  do {                                              \
    if (!(condition)) {                             \
      check_failed(__FILE__, __LINE__, #condition); \
      return;                                       \
    }                                               \
  } while (0)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#endif

/* capi_test [PART-OF-A-NAME]: runs the tests, or those whose name has the part in it. */
#include "check.h"

#include <stdio.h>
#include <string.h>

static test* first = NULL;
static int failures = 0;

void test_register(test* added) {
  test** place = &first;
  while (*place != NULL && strcmp((*place)->name, added->name) < 0) place = &(*place)->next;
  added->next = *place;
  *place = added;
}

void check_failed(const char* file, int line, const char* what) {
  ++failures;
  fprintf(stderr, "%s:%d: failed: %s\n", file, line, what);
}

int check_error(const char* file, int line, const char* call, tlite_status got,
                tlite_status expected, tlite_error* error, const char* part) {
  const char* const message = tlite_error_message(error, NULL);
  const int fits = got == expected && tlite_error_status(error) == expected &&
                   (message[0] != 0) == (expected != TLITE_OK) && strstr(message, part) != NULL;
  if (!fits) {
    check_failed(file, line, call);
    fprintf(stderr, "  answers %s (%s), not %s with '%s'\n", tlite_status_name(got), message,
            tlite_status_name(expected), part);
  }
  tlite_error_free(error);
  return fits;
}

int check_status(const char* file, int line, const char* call, tlite_status got,
                 tlite_status expected, tlite_error* error) {
  return check_error(file, line, call, got, expected, error, "");
}

int main(int argc, char** argv) {
  int count = 0;
  for (const test* now = first; now != NULL; now = now->next) {
    if (argc > 1 && strstr(now->name, argv[1]) == NULL) continue;
    const int before = failures;
    now->body();
    ++count;
    if (failures != before) fprintf(stderr, "FAILED %s\n", now->name);
  }
  printf("%d tests, %d failed checks\n", count, failures);
  return failures == 0 && count > 0 ? 0 : 1;
}

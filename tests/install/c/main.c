/* A C program that knows libtlite from its installation alone. */
#include <stdio.h>
#include <string.h>
#include <tlite.h>

int main(void) {
  tlite_model* model = NULL;
  tlite_error* error = NULL;
  const tlite_status status =
      tlite_model_load(NULL, "/no/such/model", TLITE_NUL, NULL, &model, &error);
  const int named = strstr(tlite_error_message(error, NULL), "/no/such/model") != NULL;
  printf("%s, ABI %u: %s\n", tlite_version(), (unsigned)tlite_abi_version(),
         tlite_error_message(error, NULL));
  tlite_error_free(error);
  tlite_model_free(model);
  return tlite_abi_version() == TLITE_ABI_VERSION && status == TLITE_ERROR_NOT_FOUND && named ? 0
                                                                                              : 1;
}

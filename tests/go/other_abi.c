/* Of libtlite_c as much as it takes to be refused: another ABI. */
#include <stddef.h>
#include <stdint.h>

static const char message[] = "other_abi.c is of ABI 77.5";

int32_t tlite_check_abi(uint32_t wanted, const void** error) {
  (void)wanted;
  *error = message;
  return -5;
}

const char* tlite_error_message(const void* error, size_t* size) {
  if (size != NULL) *size = sizeof message - 1;
  return error;
}

void tlite_error_free(void* error) { (void)error; }

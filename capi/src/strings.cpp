// Nothing here allocates or throws, so that none of these has a guard.
#include "strings.hpp"

const char* tlite_string_data(const tlite_string* string, size_t* size) noexcept {
  return tlite::capi::return_text(string == nullptr ? nullptr : &string->value, size);
}

void tlite_string_free(tlite_string* string) noexcept { delete string; }

const int32_t* tlite_tokens_data(const tlite_tokens* tokens, size_t* count) noexcept {
  if (count != nullptr) *count = tokens == nullptr ? 0 : tokens->value.size();
  return tokens == nullptr ? nullptr : tokens->value.data();
}

void tlite_tokens_free(tlite_tokens* tokens) noexcept { delete tokens; }

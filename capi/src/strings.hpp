// What the library made and the caller owns: texts and lists of ids.
#pragma once

#include <string>
#include <vector>

#include <tlite.h>

#include <tlite/tokenizer.hpp>

// Nothing changes one that was handed out: a view of it lives as long as the handle, and any number
// of threads may read it.
struct tlite_string {
  std::string value;
};

struct tlite_tokens {
  std::vector<tlite::TokenId> value;
};

namespace tlite::capi {

// A text as a C function returns it; NULL, and a size of 0, for no text.
inline const char* return_text(const std::string* text, std::size_t* size) noexcept {
  if (size != nullptr) *size = text == nullptr ? 0 : text->size();
  return text == nullptr ? nullptr : text->c_str();
}

}  // namespace tlite::capi

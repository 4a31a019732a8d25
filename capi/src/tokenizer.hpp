// A tokenizer as C sees it: immutable, a cheap copy that shares its tables with the model it may be
// from, and free to outlive that.
#pragma once

#include <tlite.h>

#include <tlite/tokenizer.hpp>

struct tlite_tokenizer {
  tlite::Tokenizer value;
};

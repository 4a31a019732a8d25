#pragma once

#include <tlite.h>

#include <tlite/tokenizer.hpp>

struct tlite_tokenizer {
  tlite::Tokenizer value;
};

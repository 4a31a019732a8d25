// A chat template as C sees it: immutable, and a copy that may outlive the model that it is from.
#pragma once

#include <tlite.h>

#include <tlite/chat.hpp>

struct tlite_chat_template {
  tlite::ChatTemplate value;
};

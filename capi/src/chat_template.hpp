#pragma once

#include <tlite.h>

#include <tlite/chat.hpp>

struct tlite_chat_template {
  tlite::ChatTemplate value;
};

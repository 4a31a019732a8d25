// Messages between their C++ form, JSON and the values that templates see.
#pragma once

#include "text/jinja/value.hpp"

#include <vector>

#include <tlite/chat.hpp>

namespace tlite {

// The list of dicts that Hugging Face templates expect: arguments of tool calls are objects.
// Throws invalid_argument naming the message and field.
jinja::Value message_values(const std::vector<Message>& messages);

}  // namespace tlite

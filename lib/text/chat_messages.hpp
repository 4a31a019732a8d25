// Messages between their C++ form, JSON and the values that templates see.
#pragma once

#include "jinja/value.hpp"

#include <vector>

#include <tlite/chat.hpp>

namespace tlite {

// How a template sees the arguments of a tool call: most take an object, some join a JSON text.
enum class ArgumentForm { object, text };

// The list of dicts that Hugging Face templates expect. Throws invalid_argument naming the message
// and field.
jinja::Value message_values(const std::vector<Message>& messages,
                            ArgumentForm arguments = ArgumentForm::object);

}  // namespace tlite

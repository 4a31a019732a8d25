// Methods of str, dict and list, attributes of the loop variable, and the functions every template
// may call.
#pragma once

#include "jinja/runtime.hpp"

#include <optional>
#include <string_view>

namespace tlite::jinja {

// value.name as a bound method. Those that would change the value are undefined, as in
// transformers' immutable sandbox; unset: there is no such method.
std::optional<Value> find_method(Runtime& runtime, const Value& value, std::string_view name);

// The method tables of one type, for find_method.
Callable::Function find_text_method(std::string_view name) noexcept;

std::optional<Value> loop_attribute(Runtime& runtime, const Value& loop, std::string_view name);
// Whether there is a further element; looks at one ahead.
bool loop_has_next(Loop& loop);
// Moves on to it.
void loop_advance(Loop& loop);
std::int64_t loop_length(Loop& loop);

// range, dict, namespace, joiner, cycler, raise_exception, strftime_now. Unset: no such function.
std::optional<Value> find_function(std::string_view name);

}  // namespace tlite::jinja

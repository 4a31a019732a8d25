// Operations on strings that methods, filters and operators share, and Python's two format
// languages: "%s of %d" % (...) and "{} of {:>5}".format(...).
#pragma once

#include "jinja/runtime.hpp"

#include <cstdint>
#include <optional>

namespace tlite::jinja {

// str.replace; a negative count: all.
Text replace(Runtime& runtime, const Text& text, const Text& old, const Text& with,
             std::int64_t count);
// str.strip; unset or none: white space.
Text trim(Runtime& runtime, const Text& text, const std::optional<Value>& characters);
bool is_upper_text(const Text& text);
bool is_lower_text(const Text& text);

// format % arguments: a tuple gives several, a dict names them, anything else is the one.
Text percent_format(Runtime& runtime, const Text& format, const Value& arguments);
// format.format(*positional, **named).
Text brace_format(Runtime& runtime, const Text& format, const Arguments& arguments);

}  // namespace tlite::jinja

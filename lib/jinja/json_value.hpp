// JSON text to template values: order kept, integers of any size, floats as Python reads them.
#pragma once

#include "jinja/value.hpp"

#include <string_view>

namespace tlite::jinja {

// `literal`: the strings in it count as typed by a user. Throws Error(invalid_argument) that begins
// with `what` where it is not JSON or nests too deep.
Value parse_json(std::string_view json, std::string_view what, bool literal);

}  // namespace tlite::jinja

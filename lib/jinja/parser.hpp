// Tokens to a template, by the grammar of Jinja 3.1 with the loopcontrols extension and
// transformers' {% generation %}.
#pragma once

#include "jinja/ast.hpp"

#include <string_view>

namespace tlite::jinja {

// Throws Error(bad_template) naming the line; nesting is bounded.
Template parse(std::string_view source);

}  // namespace tlite::jinja

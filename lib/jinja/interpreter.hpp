// Runs a parsed template.
#pragma once

#include "jinja/ast.hpp"
#include "jinja/runtime.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tlite::jinja {

// The template's output for these variables. Throws Error(bad_template) naming the line.
Text run(Runtime& runtime, const Template& parsed,
         const std::vector<std::pair<std::string, Value>>& variables);

}  // namespace tlite::jinja

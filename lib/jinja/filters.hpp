// The filters (value | name) and tests (value is name) of Jinja 3.1.
#pragma once

#include "jinja/runtime.hpp"

#include <string_view>

namespace tlite::jinja {

using Filter = Value (*)(Runtime& runtime, const Value& value, Arguments& arguments);
using Test = bool (*)(Runtime& runtime, const Value& value, Arguments& arguments);

// Null: no such filter or test.
Filter find_filter(std::string_view name) noexcept;
Test find_test(std::string_view name) noexcept;

// The filters over sequences; find_filter looks there too.
Filter find_sequence_filter(std::string_view name) noexcept;

}  // namespace tlite::jinja

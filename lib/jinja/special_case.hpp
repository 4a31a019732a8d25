// Case mappings of one character to several: the unconditional part of Unicode's SpecialCasing.
#pragma once

#include "jinja/text.hpp"

#include <cstdint>
#include <string_view>

namespace tlite::jinja {

// UTF-8 of the mapping, or empty where the simple mapping of one to one holds.
std::string_view special_case(std::uint32_t code, Case which) noexcept;

}  // namespace tlite::jinja

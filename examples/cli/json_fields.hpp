// Reads a field of a request, or refuses it by its name and its value.
#pragma once

#include "output.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli {

// Throws tlite::Error(invalid_argument): "top_p is 2, it must be ...".
[[noreturn]] void refuse_field(const std::string& field, const Json& value,
                               const std::string& rule);

// Throws tlite::Error(not_supported): "not supported: the field ...".
[[noreturn]] void not_supported(const std::string& what);

template <class Number>
Number number_field(const std::string& field, const Json& value) {
  if constexpr (std::is_integral_v<Number>) {
    if (!value.is_number_integer()) refuse_field(field, value, "an integer");
    const auto read = value.get<std::int64_t>();
    if (read < std::int64_t{std::numeric_limits<std::int32_t>::min()} ||
        read > std::int64_t{std::numeric_limits<std::int32_t>::max()}) {
      refuse_field(field, value, "an integer of 32 bits");
    }
    return static_cast<Number>(read);
  } else {
    if (!value.is_number()) refuse_field(field, value, "a number");
    return value.get<Number>();
  }
}

bool boolean_field(const std::string& field, const Json& value);
// One string, or a list of them.
std::vector<std::string> strings_field(const std::string& field, const Json& value);
std::vector<tlite::TokenId> token_ids_field(const std::string& field, const Json& value);

}  // namespace cli

// Fields of a request, read from JSON: what they are not is refused by name and value.
#pragma once

#include "output.hpp"

#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include <tlite/tlite.hpp>

namespace cli::openai {

// Throw tlite::Error(invalid_argument), tlite::Error(not_supported).
[[noreturn]] void refuse(const std::string& field, const Json& value, const std::string& rule);
[[noreturn]] void not_supported(const std::string& what);

template <class Number>
Number number(const std::string& field, const Json& value) {
  if constexpr (std::is_integral_v<Number>) {
    if (!value.is_number_integer()) refuse(field, value, "an integer");
    const auto read = value.get<std::int64_t>();
    if (read < std::int64_t{std::numeric_limits<std::int32_t>::min()} ||
        read > std::int64_t{std::numeric_limits<std::int32_t>::max()}) {
      refuse(field, value, "an integer of 32 bits");
    }
    return static_cast<Number>(read);
  } else {
    if (!value.is_number()) refuse(field, value, "a number");
    return value.get<Number>();
  }
}

bool boolean(const std::string& field, const Json& value);
std::vector<tlite::TokenId> token_ids(const std::string& field, const Json& value);

}  // namespace cli::openai

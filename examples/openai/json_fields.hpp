// Reads a field of a request, or refuses it by its name and its value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <nlohmann/json.hpp>

#include <tlite/tlite.hpp>

namespace openai {

using Json = nlohmann::ordered_json;

// What is wrong with a request, and in which of its fields.
class FieldError : public tlite::Error {
 public:
  FieldError(tlite::ErrorCode code, std::string field, const std::string& message)
      : Error(code, message), field_(std::move(field)) {}
  const std::string& field() const noexcept { return field_; }

 private:
  std::string field_;
};

// Lists and objects in each other: more would take the stack of what walks through them.
inline constexpr std::size_t kMostJsonDepth = 64;

// Throws tlite::Error(invalid_argument) for what is no JSON, no UTF-8, or deeper than that.
Json parse_json(std::string_view text);

// On one line; bytes that are not UTF-8 come out as U+FFFD.
std::string to_text(const Json& value);

// Throws FieldError(invalid_argument): "top_p is 2, it must be ...".
[[noreturn]] void refuse_field(const std::string& field, const Json& value,
                               const std::string& rule);

// Throws FieldError(not_supported): "not supported: ...".
[[noreturn]] void not_supported(const std::string& field, const std::string& what);

template <class Number>
Number number_field(const std::string& field, const Json& value) {
  if constexpr (std::is_integral_v<Number>) {
    if (!value.is_number_integer()) refuse_field(field, value, "an integer");
    // What is above 2^63 is not negative.
    const bool huge = value.is_number_unsigned() &&
                      value.get<std::uint64_t>() > std::numeric_limits<std::int32_t>::max();
    const auto read = value.get<std::int64_t>();
    if (huge || read < std::int64_t{std::numeric_limits<std::int32_t>::min()} ||
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
std::string string_field(const std::string& field, const Json& value);
// One string, or a list of them.
std::vector<std::string> strings_field(const std::string& field, const Json& value);
std::vector<tlite::TokenId> token_ids_field(const std::string& field, const Json& value);

}  // namespace openai

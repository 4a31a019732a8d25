// What stands in a request's target, decoded.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>

namespace server {

// What follows a percent sign without being two hexadecimal digits stays.
std::string percent_decoded(std::string_view text);

using Query = std::map<std::string, std::string>;

// "a=1&b=2". Throws openai::FieldError for a name that is not among the known ones or is there
// twice.
Query parse_query(std::string_view text, std::initializer_list<std::string_view> known);

}  // namespace server

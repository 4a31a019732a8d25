#include "json_fields.hpp"

namespace cli {

void refuse_field(const std::string& field, const Json& value, const std::string& rule) {
  throw tlite::Error(tlite::ErrorCode::invalid_argument,
                     field + " is " + value.dump() + ", it must be " + rule);
}

void not_supported(const std::string& what) {
  throw tlite::Error(tlite::ErrorCode::not_supported, "not supported: " + what);
}

bool boolean_field(const std::string& field, const Json& value) {
  if (!value.is_boolean()) refuse_field(field, value, "true or false");
  return value.get<bool>();
}

std::vector<std::string> strings_field(const std::string& field, const Json& value) {
  if (value.is_string()) return {value.get<std::string>()};
  std::vector<std::string> all;
  if (!value.is_array()) refuse_field(field, value, "a string or a list of strings");
  for (const Json& entry : value) {
    if (!entry.is_string()) refuse_field(field, value, "a string or a list of strings");
    all.push_back(entry.get<std::string>());
  }
  return all;
}

std::vector<tlite::TokenId> token_ids_field(const std::string& field, const Json& value) {
  std::vector<tlite::TokenId> ids;
  if (!value.is_array()) refuse_field(field, value, "a list of token ids");
  for (const Json& entry : value) ids.push_back(number_field<tlite::TokenId>(field, entry));
  return ids;
}

}  // namespace cli

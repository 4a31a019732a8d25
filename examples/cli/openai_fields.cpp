#include "openai_fields.hpp"

namespace cli::openai {

void refuse(const std::string& field, const Json& value, const std::string& rule) {
  throw tlite::Error(tlite::ErrorCode::invalid_argument,
                     field + " is " + value.dump() + ", it must be " + rule);
}

void not_supported(const std::string& what) {
  throw tlite::Error(tlite::ErrorCode::not_supported, "not supported: " + what);
}

bool boolean(const std::string& field, const Json& value) {
  if (!value.is_boolean()) refuse(field, value, "true or false");
  return value.get<bool>();
}

std::vector<tlite::TokenId> token_ids(const std::string& field, const Json& value) {
  std::vector<tlite::TokenId> ids;
  if (!value.is_array()) refuse(field, value, "a list of token ids");
  for (const Json& entry : value) ids.push_back(number<tlite::TokenId>(field, entry));
  return ids;
}

}  // namespace cli::openai

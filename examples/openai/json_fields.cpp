#include "json_fields.hpp"

namespace openai {
namespace {

// Values in messages are cut: a request may hold megabytes, and an error is read by people.
constexpr std::size_t kMostShown = 200;

std::string shown(const Json& value) {
  std::string text = to_text(value);
  if (text.size() <= kMostShown) return text;
  std::size_t end = kMostShown;
  while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

// Whether `text` opens more lists and objects in each other than allowed. Brackets in strings do
// not count.
bool is_too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kMostJsonDepth) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

}  // namespace

Json parse_json(std::string_view text) {
  if (is_too_deep(text)) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument, "the body is JSON of more than " +
                                                               std::to_string(kMostJsonDepth) +
                                                               " lists and objects in each other");
  }
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument,
                       "the body is not JSON, at byte " + std::to_string(error.byte));
  } catch (const Json::exception& error) {  // a number that no double holds
    throw tlite::Error(tlite::ErrorCode::invalid_argument,
                       std::string("the body is not JSON: ") + error.what());
  }
}

std::string to_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void refuse_field(const std::string& field, const Json& value, const std::string& rule) {
  throw FieldError(tlite::ErrorCode::invalid_argument, field,
                   field + " is " + shown(value) + ", it must be " + rule);
}

void not_supported(const std::string& field, const std::string& what) {
  throw FieldError(tlite::ErrorCode::not_supported, field, "not supported: " + what);
}

bool boolean_field(const std::string& field, const Json& value) {
  if (!value.is_boolean()) refuse_field(field, value, "true or false");
  return value.get<bool>();
}

std::string string_field(const std::string& field, const Json& value) {
  if (!value.is_string()) refuse_field(field, value, "a string");
  return value.get<std::string>();
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

}  // namespace openai

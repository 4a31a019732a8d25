// Reads the JSON of a request that is no chat in OpenAI's form, on the way to one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include <openai/json_fields.hpp>

namespace server {

template <class Names>
bool is_one_of(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != std::end(names);
}

// "list[3]".
inline std::string at(const std::string& list, std::size_t i) {
  return list + "[" + std::to_string(i) + "]";
}

// Nothing for null.
inline const openai::Json* given(const openai::Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Of the object that `where` names; throws openai::FieldError where it has none.
inline const openai::Json& needed(const std::string& where, const openai::Json& object,
                                  const char* name) {
  const openai::Json* const value = given(object, name);
  if (value == nullptr) {
    openai::refuse_field(where, object, std::string("an object with ") + name);
  }
  return *value;
}

inline std::string needed_string(const std::string& where, const openai::Json& object,
                                 const char* name) {
  return openai::string_field(where + "." + name, needed(where, object, name));
}

// The type of an object, which `fallback` is where it says none and may.
inline std::string type_of(const std::string& where, const openai::Json& object,
                           const char* fallback = nullptr) {
  if (!object.is_object()) openai::refuse_field(where, object, "an object with type");
  if (fallback != nullptr && given(object, "type") == nullptr) return fallback;
  return needed_string(where, object, "type");
}

}  // namespace server

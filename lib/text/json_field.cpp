#include "text/json_field.hpp"

#include "base/file.hpp"
#include "base/json_parser.hpp"

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

std::string_view kind(simdjson::dom::element value) {
  switch (value.type()) {
    case simdjson::dom::element_type::ARRAY:
      return "an array";
    case simdjson::dom::element_type::OBJECT:
      return "an object";
    case simdjson::dom::element_type::STRING:
      return "a string";
    case simdjson::dom::element_type::BOOL:
      return "a boolean";
    case simdjson::dom::element_type::NULL_VALUE:
      return "null";
    default:
      return "a number";
  }
}

}  // namespace

void JsonField::fail(const std::string& problem) const {
  throw Error(ErrorCode::corrupt, where_ + ": " + problem);
}

void JsonField::refuse(const std::string& what) const {
  throw Error(ErrorCode::not_supported, where_ + ": not supported: " + what);
}

std::string_view JsonField::string() const {
  std::string_view value;
  if (value_.get(value) != simdjson::SUCCESS) {
    fail("a string is needed, not " + std::string(kind(value_)));
  }
  return value;
}

bool JsonField::boolean() const {
  bool value = false;
  if (value_.get(value) != simdjson::SUCCESS) {
    fail("true or false is needed, not " + std::string(kind(value_)));
  }
  return value;
}

std::int64_t JsonField::integer() const {
  std::int64_t value = 0;
  if (value_.get(value) != simdjson::SUCCESS) {
    fail("a whole number is needed, not " + simdjson::minify(value_).substr(0, 40));
  }
  return value;
}

double JsonField::number() const {
  double value = 0;
  if (!value_.is_number() || value_.get(value) != simdjson::SUCCESS) {
    fail("a number is needed, not " + std::string(kind(value_)));
  }
  return value;
}

simdjson::dom::object JsonField::object() const {
  simdjson::dom::object value;
  if (value_.get(value) != simdjson::SUCCESS) {
    fail("an object is needed, not " + std::string(kind(value_)));
  }
  return value;
}

simdjson::dom::array JsonField::array() const {
  simdjson::dom::array value;
  if (value_.get(value) != simdjson::SUCCESS) {
    fail("an array is needed, not " + std::string(kind(value_)));
  }
  return value;
}

// Goes through the members one by one, as simdjson's objects do: not for lists of thousands.
std::optional<JsonField> JsonField::find(std::string_view name) const {
  simdjson::dom::element value;
  if (object().at_key(name).get(value) != simdjson::SUCCESS || value.is_null()) {
    return std::nullopt;
  }
  return member(name, value);
}

JsonField JsonField::get(std::string_view name) const {
  std::optional<JsonField> field = find(name);
  if (!field) fail("\"" + std::string(name) + "\" is missing");
  return *field;
}

bool JsonField::flag(std::string_view name, bool otherwise) const {
  const std::optional<JsonField> field = find(name);
  return field ? field->boolean() : otherwise;
}

JsonField JsonField::member(std::string_view name, simdjson::dom::element value) const {
  const bool at_root = where_.ends_with(".json");
  return {value, where_ + (at_root ? ": " : ".") + std::string(name)};
}

JsonField JsonField::item(std::size_t index, simdjson::dom::element value) const {
  return {value, where_ + "[" + std::to_string(index) + "]"};
}

// A Git LFS pointer in place of a file is told as that, before the parser calls it no JSON.
JsonField parse_json(simdjson::dom::parser& parser, std::span<const std::byte> json,
                     std::string_view name) {
  const std::string where(name);
  if (json.size() > kMaxFileBytes) {
    throw Error(ErrorCode::corrupt, where + ": " + std::to_string(json.size()) +
                                        " bytes, where at most " + std::to_string(kMaxFileBytes) +
                                        " make sense");
  }
  refuse_lfs_pointer(json, name);
  simdjson::dom::element root;
  simdjson::error_code error = make_room(parser, json.size());
  if (!error) {
    error = parser.parse(reinterpret_cast<const char*>(json.data()), json.size()).get(root);
  }
  if (error == simdjson::MEMALLOC) throw Error(ErrorCode::out_of_memory, where + ": no memory");
  if (error != simdjson::SUCCESS) {
    throw Error(ErrorCode::corrupt,
                where + ": not JSON: " + std::string(simdjson::error_message(error)));
  }
  return {root, where};
}

}  // namespace tlite::text

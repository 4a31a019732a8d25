#include "format/json_file.hpp"

#include "base/file.hpp"
#include "base/json_parser.hpp"

#include <cmath>
#include <sstream>

#include <tlite/error.hpp>

namespace tlite {
namespace {

using simdjson::dom::element;

[[noreturn]] void throw_type(const std::string& name, std::string_view expected,
                             const element& found) {
  throw Error(ErrorCode::corrupt,
              name + ": expected " + std::string(expected) + ", found " + json_excerpt(found));
}

// In the classic locale, as the host's program may have set another.
std::string number_text(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text.precision(10);
  text << value;
  return text.str();
}

std::int64_t to_integer(const element& value, const std::string& name, std::int64_t min,
                        std::int64_t max) {
  std::int64_t number = 0;
  if (!value.is_int64() && !value.is_uint64()) throw_type(name, "an integer", value);
  if (value.get(number) != simdjson::SUCCESS || number < min || number > max) {
    throw Error(ErrorCode::corrupt, name + ": " + json_excerpt(value) + " is not in [" +
                                        std::to_string(min) + ", " + std::to_string(max) + "]");
  }
  return number;
}

// A lack of memory is told apart: it is no fault of the file.
simdjson::dom::object parse_object(simdjson::dom::parser& parser, std::string_view text,
                                   const std::string& path) {
  element root;
  auto error = make_room(parser, text.size());
  if (!error) error = parser.parse(text.data(), text.size()).get(root);
  if (error) {
    if (error == simdjson::MEMALLOC) {
      throw Error(ErrorCode::out_of_memory, "out of memory: parsing " + path);
    }
    throw Error(ErrorCode::corrupt, path + ": not JSON: " + simdjson::error_message(error));
  }
  simdjson::dom::object object;
  if (root.get(object) != simdjson::SUCCESS) {
    throw Error(ErrorCode::corrupt, path + ": expected a JSON object, found " + json_excerpt(root));
  }
  return object;
}

}  // namespace

std::string json_excerpt(const element& value) {
  constexpr std::size_t kLimit = 64;
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  std::string text = simdjson::minify(value);
  if (text.size() <= kLimit) return text;
  // Not inside a character: a message stays UTF-8.
  std::size_t end = kLimit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

std::string JsonFields::name_of(std::string_view key) const { return where_ + std::string(key); }

std::optional<element> JsonFields::find(std::string_view key) const {
  std::optional<element> found;
  for (const auto field : object_) {
    if (field.key == key) found = field.value;
  }
  if (found && found->is_null()) return std::nullopt;
  return found;
}

bool JsonFields::is_null(std::string_view key) const {
  bool null = false;
  for (const auto field : object_) {
    if (field.key == key) null = field.value.is_null();
  }
  return null;
}

element JsonFields::require(std::string_view key) const {
  if (const std::optional<element> value = find(key)) return *value;
  throw Error(ErrorCode::corrupt, name_of(key) + " is missing");
}

std::string JsonFields::text(std::string_view key) const {
  const std::optional<element> value = find(key);
  return value ? json_excerpt(*value) : "null";
}

std::int64_t JsonFields::integer(std::string_view key, std::int64_t min, std::int64_t max) const {
  return to_integer(require(key), name_of(key), min, max);
}

double JsonFields::number(std::string_view key, NumberRange range) const {
  const element value = require(key);
  double number = 0;
  if (!value.is_number() || value.get(number) != simdjson::SUCCESS) {
    throw_type(name_of(key), "a number", value);
  }
  const bool above = range.open ? number > range.min : number >= range.min;
  if (!above || number > range.max) {
    throw Error(ErrorCode::corrupt, name_of(key) + ": " + json_excerpt(value) + " is not in " +
                                        (range.open ? "(" : "[") + number_text(range.min) + ", " +
                                        number_text(range.max) + "]");
  }
  return number;
}

bool JsonFields::boolean(std::string_view key) const {
  const element value = require(key);
  bool flag = false;
  if (value.get(flag) != simdjson::SUCCESS) throw_type(name_of(key), "true or false", value);
  return flag;
}

std::string JsonFields::string(std::string_view key) const {
  const element value = require(key);
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) throw_type(name_of(key), "a string", value);
  return std::string(text);
}

std::vector<std::string> JsonFields::strings(std::string_view key) const {
  const element value = require(key);
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return {string(key)};
  std::vector<std::string> texts;
  for (const element item : array) {
    std::string_view text;
    if (item.get(text) != simdjson::SUCCESS) throw_type(name_of(key), "strings", item);
    texts.emplace_back(text);
  }
  return texts;
}

std::vector<std::int64_t> JsonFields::integers(std::string_view key, std::int64_t min,
                                               std::int64_t max) const {
  const element value = require(key);
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) return {to_integer(value, name_of(key), min, max)};
  std::vector<std::int64_t> numbers;
  for (const element item : array) numbers.push_back(to_integer(item, name_of(key), min, max));
  return numbers;
}

JsonFields JsonFields::object(std::string_view key) const {
  const element value = require(key);
  simdjson::dom::object object;
  if (value.get(object) != simdjson::SUCCESS) throw_type(name_of(key), "an object", value);
  return {object, name_of(key) + "."};
}

std::int64_t JsonFields::integer_or(std::string_view key, std::int64_t absent, std::int64_t min,
                                    std::int64_t max) const {
  return has(key) ? integer(key, min, max) : absent;
}

double JsonFields::number_or(std::string_view key, double absent, NumberRange range) const {
  return has(key) ? number(key, range) : absent;
}

bool JsonFields::boolean_or(std::string_view key, bool absent) const {
  return has(key) ? boolean(key) : absent;
}

JsonFile::JsonFile(const FileSystem& files, const std::string& path, std::size_t max_bytes)
    : JsonFile(read_text(files, path, max_bytes), path) {}

JsonFile::JsonFile(std::string_view text, const std::string& path)
    : path_(path), root_(parse_object(parser_, text, path)) {}

}  // namespace tlite

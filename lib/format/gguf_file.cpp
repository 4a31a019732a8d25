// What an entry means is looked at when it is asked for: a model asks for few. The parser has
// walked through the bytes of each, so that what its type and count say is there.
#include "format/gguf_file.hpp"

#include "base/utf8.hpp"
#include "format/gguf_cursor.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <locale>
#include <sstream>

namespace tlite {
namespace {

std::string_view type_name(GgufType type) noexcept {
  constexpr std::string_view kNames[] = {"uint8",  "int8",    "uint16", "int16",  "uint32",
                                         "int32",  "float32", "bool",   "string", "array",
                                         "uint64", "int64",   "float64"};
  return kNames[static_cast<std::size_t>(type)];
}

bool is_integer(GgufType type) noexcept {
  return gguf_scalar_size(type) > 0 && type != GgufType::float32 && type != GgufType::float64 &&
         type != GgufType::boolean;
}

template <class T>
T load(const std::byte* at) noexcept {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// Nothing for an unsigned number above the largest signed one.
std::optional<std::int64_t> load_integer(GgufType type, const std::byte* at) noexcept {
  switch (type) {
    case GgufType::uint8:
      return load<std::uint8_t>(at);
    case GgufType::int8:
      return load<std::int8_t>(at);
    case GgufType::uint16:
      return load<std::uint16_t>(at);
    case GgufType::int16:
      return load<std::int16_t>(at);
    case GgufType::uint32:
      return load<std::uint32_t>(at);
    case GgufType::int32:
      return load<std::int32_t>(at);
    case GgufType::int64:
      return load<std::int64_t>(at);
    default:
      const auto value = load<std::uint64_t>(at);
      if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return {};
      return static_cast<std::int64_t>(value);
  }
}

// In the classic locale, as the host's program may have set another.
std::string number_text(double value) {
  std::ostringstream text;
  text.imbue(std::locale::classic());
  text << value;
  return text.str();
}

}  // namespace

void GgufFile::fail(std::string_view key, const std::string& what) const {
  throw Error(ErrorCode::corrupt, file_ + ": " + std::string(key) + ": " + what);
}

const GgufValue* GgufFile::find(std::string_view key) const noexcept {
  const auto found =
      std::lower_bound(metadata_.begin(), metadata_.end(), key,
                       [](const GgufValue& value, std::string_view k) { return value.key < k; });
  return found != metadata_.end() && found->key == key ? &*found : nullptr;
}

const GgufValue& GgufFile::require(std::string_view key) const {
  if (const GgufValue* value = find(key)) return *value;
  throw Error(ErrorCode::corrupt, file_ + ": " + std::string(key) + " is missing");
}

std::int64_t GgufFile::integer(std::string_view key, std::int64_t min, std::int64_t max) const {
  const GgufValue& value = require(key);
  if (!is_integer(value.type)) {
    fail(key, "expected an integer, found a value of type " + std::string(type_name(value.type)));
  }
  const std::optional<std::int64_t> number = load_integer(value.type, value.bytes.data());
  if (!number || *number < min || *number > max) {
    const std::string text = number ? std::to_string(*number) : "a number above 2^63";
    fail(key, text + " is not in [" + std::to_string(min) + ", " + std::to_string(max) + "]");
  }
  return *number;
}

double GgufFile::number(std::string_view key, double min, double max) const {
  const GgufValue& value = require(key);
  double number = 0;
  if (value.type == GgufType::float32) {
    number = load<float>(value.bytes.data());
  } else if (value.type == GgufType::float64) {
    number = load<double>(value.bytes.data());
  } else if (is_integer(value.type)) {
    number = static_cast<double>(integer(key, std::numeric_limits<std::int64_t>::min(),
                                         std::numeric_limits<std::int64_t>::max()));
  } else {
    fail(key, "expected a number, found a value of type " + std::string(type_name(value.type)));
  }
  if (!(number >= min && number <= max)) {
    fail(key,
         number_text(number) + " is not in [" + number_text(min) + ", " + number_text(max) + "]");
  }
  return number;
}

bool GgufFile::boolean(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::boolean) {
    fail(key, "expected a bool, found a value of type " + std::string(type_name(value.type)));
  }
  return value.bytes[0] != std::byte{0};
}

std::string_view GgufFile::string(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::string) {
    fail(key, "expected a string, found a value of type " + std::string(type_name(value.type)));
  }
  GgufCursor cursor(value.bytes, file_);
  const std::string_view text = cursor.string(key);
  if (!is_valid_utf8(text)) fail(key, "not UTF-8");
  return text;
}

std::vector<std::string_view> GgufFile::strings(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::array || value.item != GgufType::string) {
    fail(key, "expected an array of strings, found values of type " +
                  std::string(type_name(value.item)));
  }
  GgufCursor cursor(value.bytes, file_);
  std::vector<std::string_view> texts;
  texts.reserve(static_cast<std::size_t>(value.count));
  for (std::uint64_t i = 0; i < value.count; ++i) {
    texts.push_back(cursor.string(key));
    if (!is_valid_utf8(texts.back())) fail(key, "item " + std::to_string(i) + " is not UTF-8");
  }
  return texts;
}

std::vector<std::int64_t> GgufFile::integers(std::string_view key) const {
  const GgufValue& value = require(key);
  if (value.type != GgufType::array || !is_integer(value.item)) {
    fail(key, "expected an array of integers, found values of type " +
                  std::string(type_name(value.item)));
  }
  std::vector<std::int64_t> numbers;
  numbers.reserve(static_cast<std::size_t>(value.count));
  const std::size_t size = gguf_scalar_size(value.item);
  for (std::uint64_t i = 0; i < value.count; ++i) {
    const std::byte* at = value.bytes.data() + static_cast<std::size_t>(i) * size;
    const std::optional<std::int64_t> number = load_integer(value.item, at);
    if (!number) fail(key, "item " + std::to_string(i) + " is a number above 2^63");
    numbers.push_back(*number);
  }
  return numbers;
}

std::int64_t GgufFile::integer_or(std::string_view key, std::int64_t absent, std::int64_t min,
                                  std::int64_t max) const {
  return has(key) ? integer(key, min, max) : absent;
}

double GgufFile::number_or(std::string_view key, double absent, double min, double max) const {
  return has(key) ? number(key, min, max) : absent;
}

}  // namespace tlite

// A JSON value that knows where it stands, so that errors can say it: "tokenizer.json:
// model.merges[17]: ...".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <simdjson.h>

namespace tlite::text {

// A tokenizer's file of more is a mistake or an attack; the largest published tokenizer.json has
// 35 MB.
inline constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;

// A value and a path, cheap but for the path's allocation: no field outlives the parser. The type
// is asked for where a value is read, so that a reader needs no checks of its own.
class JsonField {
 public:
  JsonField(simdjson::dom::element value, std::string where)
      : value_(value), where_(std::move(where)) {}

  [[noreturn]] void fail(const std::string& problem) const;
  [[noreturn]] void refuse(const std::string& what) const;  // not_supported

  const std::string& where() const noexcept { return where_; }
  bool is_null() const noexcept { return value_.is_null(); }
  bool is_object() const noexcept { return value_.is_object(); }
  bool is_array() const noexcept { return value_.is_array(); }
  bool is_string() const noexcept { return value_.is_string(); }

  // Throw corrupt when the value has another type.
  std::string_view string() const;
  bool boolean() const;
  std::int64_t integer() const;
  double number() const;
  simdjson::dom::object object() const;
  simdjson::dom::array array() const;

  // A member of an object: `find` gives none for one that is missing or null, `get` throws corrupt.
  std::optional<JsonField> find(std::string_view name) const;
  JsonField get(std::string_view name) const;
  // The same for a boolean that may be left out.
  bool flag(std::string_view name, bool otherwise) const;

  JsonField member(std::string_view name, simdjson::dom::element value) const;
  JsonField item(std::size_t index, simdjson::dom::element value) const;

 private:
  simdjson::dom::element value_;
  std::string where_;
};

// Parses a whole file; the parser owns what the field refers to. Throws corrupt.
JsonField parse_json(simdjson::dom::parser& parser, std::span<const std::byte> json,
                     std::string_view name);

}  // namespace tlite::text

// A JSON configuration file, read field by field. Every error names the file, the field and the
// value: "model/config.json: hidden_size: -5 is not in [1, 1048576]".
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <simdjson.h>

#include <tlite/host.hpp>

namespace tlite {

// Bounds of a number: [min, max], or (min, max] where `open`.
struct NumberRange {
  double min;
  double max;
  bool open = false;
};

// An object inside a JsonFile, which must outlive it. A field that is null counts as absent; of
// equal keys the last one counts, as in Python.
class JsonFields {
 public:
  // `where` is put before the name of a field in messages: "model/config.json: rope_scaling.".
  JsonFields(simdjson::dom::object object, std::string where)
      : object_(object), where_(std::move(where)) {}

  bool has(std::string_view key) const { return find(key).has_value(); }
  // The field is there and null, where that means something else than its absence.
  bool is_null(std::string_view key) const;
  // The value as written, for messages; shortened.
  std::string text(std::string_view key) const;

  // Throw corrupt where the field is absent, of another type or out of range.
  std::int64_t integer(std::string_view key, std::int64_t min, std::int64_t max) const;
  double number(std::string_view key, NumberRange range) const;
  bool boolean(std::string_view key) const;
  std::string string(std::string_view key) const;
  // A string or an array of strings; an integer or an array of integers.
  std::vector<std::string> strings(std::string_view key) const;
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t min,
                                     std::int64_t max) const;
  JsonFields object(std::string_view key) const;

  // The same with a value for an absent field.
  std::int64_t integer_or(std::string_view key, std::int64_t absent, std::int64_t min,
                          std::int64_t max) const;
  double number_or(std::string_view key, double absent, NumberRange range) const;
  bool boolean_or(std::string_view key, bool absent) const;

  const simdjson::dom::object& raw() const noexcept { return object_; }
  // "model/config.json: rope_scaling.factor".
  std::string name_of(std::string_view key) const;

 private:
  std::optional<simdjson::dom::element> find(std::string_view key) const;
  simdjson::dom::element require(std::string_view key) const;

  simdjson::dom::object object_;
  std::string where_;
};

// Owns a parsed document whose root is an object.
class JsonFile {
 public:
  // Throws like read_text, and corrupt where the text is not a JSON object.
  JsonFile(const FileSystem& files, const std::string& path, std::size_t max_bytes);
  JsonFile(std::string_view text, const std::string& path);

  JsonFields fields() const { return {root_, path_ + ": "}; }

 private:
  std::string path_;
  simdjson::dom::parser parser_;
  simdjson::dom::object root_;
};

// A JSON value for a message, at most 64 bytes.
std::string json_excerpt(const simdjson::dom::element& value);

}  // namespace tlite

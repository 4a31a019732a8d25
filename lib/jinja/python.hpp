// Python's semantics over values: truth, str and repr, equality and order, arithmetic, iteration,
// attributes and subscripts. What raises in Python fails here.
#pragma once

#include "jinja/runtime.hpp"
#include "jinja/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tlite::jinja {

bool truth(Runtime& runtime, const Value& value);

// str(value) and repr(value).
Text to_text(Runtime& runtime, const Value& value);
Text repr(Runtime& runtime, const Value& value);
std::string float_repr(double value);
// repr of a string, e.g. 'it\'s'.
Text quote(const Text& text);

bool equal(Runtime& runtime, const Value& a, const Value& b);
// Equality of dict keys; never fails.
bool equal_keys(const Value& a, const Value& b) noexcept;
bool is_hashable(const Value& key) noexcept;
void check_hashable(const Runtime& runtime, const Value& key);
// Less-than; fails for types without an order.
bool less(Runtime& runtime, const Value& a, const Value& b);
bool contains(Runtime& runtime, const Value& element, const Value& container);

enum class Operator { add, subtract, multiply, divide, floor_divide, modulo, power };
Value arithmetic(Runtime& runtime, Operator op, const Value& a, const Value& b);
Value negate(Runtime& runtime, const Value& value, bool minus);

// What `for` walks over; a generator is used up by it. Unset: not iterable.
std::optional<std::vector<Value>> try_iterate(Runtime& runtime, const Value& value);
std::vector<Value> iterate(Runtime& runtime, const Value& value);
// len(value). Unset: the type has none.
std::optional<std::int64_t> length(Runtime& runtime, const Value& value);

// value.name and value[key], each falling back to the other as Jinja does.
Value get_attribute(Runtime& runtime, const Value& value, std::string_view name);
Value get_item(Runtime& runtime, const Value& value, const Value& key);
struct SliceBounds {
  std::optional<std::int64_t> start, stop, step;
};
Value get_slice(Runtime& runtime, const Value& value, const SliceBounds& bounds);

// The integer that an index, count or width argument gives; fails for another type.
std::int64_t to_index(const Runtime& runtime, const Value& value, std::string_view what);
// The number as a double; unset for what is not a number.
std::optional<double> to_real(const Value& value);

// json.dumps(value, ensure_ascii=False).
struct JsonStyle {
  std::optional<std::string> indent;  // of one level
  std::string item_separator = ", ";
  std::string key_separator = ": ";
  bool sort_keys = false;
};
Text to_json(Runtime& runtime, const Value& value, const JsonStyle& style);

}  // namespace tlite::jinja

// Equality, order, hashing and membership as Python defines them.
#include "jinja/python.hpp"

#include <algorithm>
#include <cmath>

namespace tlite::jinja {
namespace {

std::optional<std::int64_t> as_integer(const Value& value) noexcept {
  if (value.is(Kind::boolean)) return value.boolean() ? 1 : 0;
  if (value.is(Kind::integer)) return value.integer();
  return std::nullopt;
}

bool equal_numbers(const Value& a, const Value& b) noexcept {
  const auto left = as_integer(a);
  const auto right = as_integer(b);
  if (left && right) return *left == *right;
  if (a.is(Kind::big_integer) || b.is(Kind::big_integer)) {
    return a.kind() == b.kind() && a.big_integer().digits == b.big_integer().digits;
  }
  return to_real(a) == to_real(b);
}

bool equal_dicts(Runtime& runtime, const Dict& a, const Dict& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, value] : a.entries()) {
    const Value* const other = b.find(key);
    if (other == nullptr || !equal(runtime, value, *other)) return false;
  }
  return true;
}

bool equal_ranges(const Range& a, const Range& b) noexcept {
  const std::int64_t length = a.length();
  return length == b.length() && (length == 0 || a.start == b.start) &&
         (length <= 1 || a.step == b.step);
}

bool contains_any(Runtime& runtime, const Value& element, const std::vector<Value>& items) {
  return std::any_of(items.begin(), items.end(), [&](const Value& item) {
    runtime.step();
    return item.same(element) || equal(runtime, item, element);
  });
}

}  // namespace

bool equal(Runtime& runtime, const Value& a, const Value& b) {
  runtime.step();
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::undefined:
    case Kind::none:
      return true;
    case Kind::text:
      runtime.scan(std::min(a.text().size(), b.text().size()));
      return a.text().bytes() == b.text().bytes();
    case Kind::list: {
      const List& x = a.list();
      const List& y = b.list();
      return x.tuple == y.tuple && x.items.size() == y.items.size() &&
             std::equal(x.items.begin(), x.items.end(), y.items.begin(),
                        [&](const Value& i, const Value& j) { return equal(runtime, i, j); });
    }
    case Kind::dict:
      return equal_dicts(runtime, a.dict(), b.dict());
    case Kind::range:
      return equal_ranges(a.range(), b.range());
    default:
      return a.same(b);
  }
}

bool equal_keys(const Value& a, const Value& b) noexcept {
  if (a.is_number() && b.is_number()) return equal_numbers(a, b);
  if (a.is_text() && b.is_text()) return a.text().bytes() == b.text().bytes();
  if (a.is_tuple() && b.is_tuple()) {
    const auto& x = a.list().items;
    const auto& y = b.list().items;
    return x.size() == y.size() && std::equal(x.begin(), x.end(), y.begin(), equal_keys);
  }
  return (a.is_undefined() && b.is_undefined()) || a.same(b);
}

bool is_hashable(const Value& key) noexcept {
  if (key.is_tuple()) {
    return std::all_of(key.list().items.begin(), key.list().items.end(), is_hashable);
  }
  return !key.is(Kind::dict) && !key.is(Kind::list);
}

void check_hashable(const Runtime& runtime, const Value& key) {
  if (!is_hashable(key)) {
    runtime.fail("unhashable type: '" + std::string(type_name(key)) + "'");
  }
}

bool less(Runtime& runtime, const Value& a, const Value& b) {
  runtime.step();
  if (a.is_undefined()) runtime.fail_undefined(a);
  if (b.is_undefined()) runtime.fail_undefined(b);
  const auto left = as_integer(a);
  const auto right = as_integer(b);
  if (left && right) return *left < *right;
  if (to_real(a) && to_real(b)) return *to_real(a) < *to_real(b);
  if (a.is_text() && b.is_text()) {
    runtime.scan(std::min(a.text().size(), b.text().size()));
    return a.text().bytes() < b.text().bytes();  // UTF-8 sorts as its code points do
  }
  if (a.is(Kind::list) && b.is(Kind::list) && a.list().tuple == b.list().tuple) {
    const auto& x = a.list().items;
    const auto& y = b.list().items;
    for (std::size_t i = 0; i < std::min(x.size(), y.size()); ++i) {
      if (!equal(runtime, x[i], y[i])) return less(runtime, x[i], y[i]);
    }
    return x.size() < y.size();
  }
  runtime.fail("'<' not supported between instances of '" + std::string(type_name(a)) + "' and '" +
               std::string(type_name(b)) + "'");
}

bool contains(Runtime& runtime, const Value& element, const Value& container) {
  switch (container.kind()) {
    case Kind::text:
      if (!element.is_text()) {
        runtime.fail("'in <string>' requires string as left operand, not " +
                     std::string(type_name(element)));
      }
      runtime.scan(container.text().size());
      return container.text().bytes().find(element.text().bytes()) != std::string::npos;
    case Kind::dict:
      check_hashable(runtime, element);
      return container.dict().find(element) != nullptr;
    case Kind::list:
      return contains_any(runtime, element, container.list().items);
    default: {
      const auto items = try_iterate(runtime, container);
      if (!items) {
        runtime.fail("argument of type '" + std::string(type_name(container)) +
                     "' is not iterable");
      }
      return contains_any(runtime, element, *items);
    }
  }
}

}  // namespace tlite::jinja

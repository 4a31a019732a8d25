// The tests of Jinja: value is name(arguments).
#include "jinja/filters.hpp"
#include "jinja/format.hpp"
#include "jinja/python.hpp"

#include <algorithm>

namespace tlite::jinja {
namespace {

template <Kind... kinds>
bool is_kind(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "a test", arguments, {});
  return (value.is(kinds) || ...);
}

bool defined(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "defined", arguments, {});
  return !value.is_undefined();
}

template <bool wanted>
bool is_boolean(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "a test", arguments, {});
  return value.is(Kind::boolean) && value.boolean() == wanted;
}

bool sequence(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "sequence", arguments, {});
  return value.is_text() || value.is(Kind::list) || value.is(Kind::dict) || value.is(Kind::range) ||
         value.is_undefined();
}

bool iterable(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "iterable", arguments, {});
  return !value.is_none() && !value.is_number() && !value.is(Kind::callable) &&
         !value.is(Kind::name_space);
}

template <std::int64_t remainder>
bool parity(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "odd", arguments, {});
  const Value rest = arithmetic(runtime, Operator::modulo, value, Value(std::int64_t{2}));
  return equal(runtime, rest, Value(remainder));
}

bool divisibleby(Runtime& runtime, const Value& value, Arguments& arguments) {
  const auto bound = bind(runtime, "divisibleby", arguments, {"num"}, 1);
  const Value rest = arithmetic(runtime, Operator::modulo, value, *bound[0]);
  return equal(runtime, rest, Value(std::int64_t{0}));
}

template <bool upper>
bool is_case(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "a case test", arguments, {});
  const Text text = to_text(runtime, value);
  return upper ? is_upper_text(text) : is_lower_text(text);
}

bool equal_to(Runtime& runtime, const Value& value, Arguments& arguments) {
  return equal(runtime, value, *bind(runtime, "eq", arguments, {"other"}, 1)[0]);
}

bool not_equal_to(Runtime& runtime, const Value& value, Arguments& arguments) {
  return !equal_to(runtime, value, arguments);
}

bool less_than(Runtime& runtime, const Value& value, Arguments& arguments) {
  return less(runtime, value, *bind(runtime, "lt", arguments, {"other"}, 1)[0]);
}

bool greater_than(Runtime& runtime, const Value& value, Arguments& arguments) {
  return less(runtime, *bind(runtime, "gt", arguments, {"other"}, 1)[0], value);
}

bool less_or_equal(Runtime& runtime, const Value& value, Arguments& arguments) {
  const Value other = *bind(runtime, "le", arguments, {"other"}, 1)[0];
  return less(runtime, value, other) || equal(runtime, value, other);
}

bool greater_or_equal(Runtime& runtime, const Value& value, Arguments& arguments) {
  const Value other = *bind(runtime, "ge", arguments, {"other"}, 1)[0];
  return less(runtime, other, value) || equal(runtime, value, other);
}

bool in(Runtime& runtime, const Value& value, Arguments& arguments) {
  return contains(runtime, value, *bind(runtime, "in", arguments, {"seq"}, 1)[0]);
}

bool same_as(Runtime& runtime, const Value& value, Arguments& arguments) {
  return value.same(*bind(runtime, "sameas", arguments, {"other"}, 1)[0]);
}

bool is_filter(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "filter", arguments, {});
  return value.is_text() && find_filter(value.text().view()) != nullptr;
}

bool is_test(Runtime& runtime, const Value& value, Arguments& arguments) {
  bind(runtime, "test", arguments, {});
  return value.is_text() && find_test(value.text().view()) != nullptr;
}

bool never(Runtime& runtime, const Value& /*value*/, Arguments& arguments) {
  bind(runtime, "escaped", arguments, {});
  return false;
}

struct Entry {
  std::string_view name;
  Test test;
};

constexpr Entry kTests[] = {
    {"defined", defined},
    {"undefined", is_kind<Kind::undefined>},
    {"none", is_kind<Kind::none>},
    {"boolean", is_kind<Kind::boolean>},
    {"true", is_boolean<true>},
    {"false", is_boolean<false>},
    {"integer", is_kind<Kind::integer, Kind::big_integer>},
    {"float", is_kind<Kind::real>},
    {"number", is_kind<Kind::boolean, Kind::integer, Kind::big_integer, Kind::real>},
    {"string", is_kind<Kind::text>},
    {"mapping", is_kind<Kind::dict>},
    {"sequence", sequence},
    {"iterable", iterable},
    {"callable", is_kind<Kind::callable, Kind::loop, Kind::undefined>},
    {"odd", parity<1>},
    {"even", parity<0>},
    {"divisibleby", divisibleby},
    {"upper", is_case<true>},
    {"lower", is_case<false>},
    {"==", equal_to},
    {"eq", equal_to},
    {"equalto", equal_to},
    {"!=", not_equal_to},
    {"ne", not_equal_to},
    {"<", less_than},
    {"lt", less_than},
    {"lessthan", less_than},
    {"<=", less_or_equal},
    {"le", less_or_equal},
    {">", greater_than},
    {"gt", greater_than},
    {"greaterthan", greater_than},
    {">=", greater_or_equal},
    {"ge", greater_or_equal},
    {"in", in},
    {"sameas", same_as},
    {"filter", is_filter},
    {"test", is_test},
    {"escaped", never},
};

}  // namespace

Test find_test(std::string_view name) noexcept {
  const auto* const found = std::find_if(std::begin(kTests), std::end(kTests),
                                         [name](const Entry& e) { return e.name == name; });
  return found == std::end(kTests) ? nullptr : found->test;
}

}  // namespace tlite::jinja

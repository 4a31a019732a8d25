// Python's arithmetic: floor division and modulo with the divisor's sign, true division, strings
// and lists that add and repeat. Integers of more than 64 bits are refused.
#include "jinja/format.hpp"
#include "jinja/python.hpp"

#include <cmath>

namespace tlite::jinja {
namespace {

constexpr std::string_view kNames[] = {"+", "-", "*", "/", "//", "%", "**"};

[[noreturn]] void fail_types(const Runtime& runtime, Operator op, const Value& a, const Value& b) {
  runtime.fail("unsupported operand types for " +
               std::string(kNames[static_cast<std::size_t>(op)]) + ": '" +
               std::string(type_name(a)) + "' and '" + std::string(type_name(b)) + "'");
}

[[noreturn]] void fail_overflow(const Runtime& runtime) {
  runtime.fail("an integer does not fit in 64 bits");
}

std::int64_t floor_divide(const Runtime& runtime, std::int64_t a, std::int64_t b) {
  if (b == 0) runtime.fail("integer division or modulo by zero");
  if (a == INT64_MIN && b == -1) fail_overflow(runtime);
  const std::int64_t quotient = a / b;
  return a % b != 0 && (a % b < 0) != (b < 0) ? quotient - 1 : quotient;
}

std::int64_t floor_modulo(const Runtime& runtime, std::int64_t a, std::int64_t b) {
  if (b == 0) runtime.fail("integer division or modulo by zero");
  if (b == -1) return 0;
  const std::int64_t remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

Value integer_power(const Runtime& runtime, std::int64_t base, std::int64_t exponent) {
  if (exponent < 0) {
    if (base == 0) runtime.fail("0.0 cannot be raised to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  std::int64_t result = 1;
  if (base == 1 || exponent == 0) return result;
  if (base == -1) return exponent % 2 == 0 ? std::int64_t{1} : std::int64_t{-1};
  if (base == 0) return std::int64_t{0};
  for (; exponent > 0; --exponent) {
    if (__builtin_mul_overflow(result, base, &result)) fail_overflow(runtime);
  }
  return result;
}

Value integers(const Runtime& runtime, Operator op, std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  bool overflow = false;
  switch (op) {
    case Operator::add:
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case Operator::subtract:
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case Operator::multiply:
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    case Operator::divide:
      if (b == 0) runtime.fail("division by zero");
      return static_cast<double>(a) / static_cast<double>(b);
    case Operator::floor_divide:
      return floor_divide(runtime, a, b);
    case Operator::modulo:
      return floor_modulo(runtime, a, b);
    case Operator::power:
      return integer_power(runtime, a, b);
  }
  if (overflow) fail_overflow(runtime);
  return result;
}

double real_modulo(double a, double b) {
  const double remainder = std::fmod(a, b);
  if (remainder != 0) return (remainder < 0) != (b < 0) ? remainder + b : remainder;
  return std::copysign(0.0, b);
}

// float_divmod of CPython: the quotient that belongs to the modulo.
double real_floor_divide(double a, double b) {
  const double quotient = (a - real_modulo(a, b)) / b;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floored = std::floor(quotient);
  return quotient - floored > 0.5 ? floored + 1.0 : floored;
}

double real_power(const Runtime& runtime, double a, double b) {
  if (a == 0 && b < 0) runtime.fail("0.0 cannot be raised to a negative power");
  if (a < 0 && std::isfinite(b) && b != std::floor(b)) {
    runtime.fail("a negative number cannot be raised to a fractional power");
  }
  const double result = std::pow(a, b);
  if (std::isinf(result) && std::isfinite(a) && std::isfinite(b)) {
    runtime.fail("a result is too large for a float");
  }
  return result;
}

Value reals(const Runtime& runtime, Operator op, double a, double b) {
  const bool divides =
      op == Operator::divide || op == Operator::floor_divide || op == Operator::modulo;
  if (divides && b == 0) runtime.fail("float division by zero");
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::divide:
      return a / b;
    case Operator::floor_divide:
      return real_floor_divide(a, b);
    case Operator::modulo:
      return real_modulo(a, b);
    case Operator::power:
      return real_power(runtime, a, b);
  }
  return 0.0;
}

bool is_small_integer(const Value& value) {
  return value.is(Kind::boolean) || value.is(Kind::integer);
}

Value repeat(Runtime& runtime, const Value& value, std::int64_t count) {
  const std::size_t times = count > 0 ? static_cast<std::size_t>(count) : 0;
  const std::size_t size = value.is_text() ? value.text().size() : value.list().items.size();
  std::size_t total = 0;
  if (__builtin_mul_overflow(size, times, &total)) total = SIZE_MAX;
  if (value.is_text()) {
    runtime.check_text(total);
    Text out;
    for (std::size_t i = 0; i < times && size > 0; ++i) out.append(value.text());
    return runtime.text(std::move(out));
  }
  runtime.step(total);
  std::vector<Value> items;
  for (std::size_t i = 0; i < times && size > 0; ++i) {
    items.insert(items.end(), value.list().items.begin(), value.list().items.end());
  }
  return runtime.list(std::move(items), value.list().tuple);
}

Value concatenate(Runtime& runtime, const Value& a, const Value& b) {
  if (a.is_text()) {
    Text out = a.text();
    out.append(b.text());
    return runtime.text(std::move(out));
  }
  std::vector<Value> items = a.list().items;
  items.insert(items.end(), b.list().items.begin(), b.list().items.end());
  return runtime.list(std::move(items), a.list().tuple);
}

bool is_sequence(const Value& value) { return value.is_text() || value.is(Kind::list); }

}  // namespace

std::optional<double> to_real(const Value& value) {
  switch (value.kind()) {
    case Kind::boolean:
      return value.boolean() ? 1.0 : 0.0;
    case Kind::integer:
      return static_cast<double>(value.integer());
    case Kind::real:
      return value.real();
    case Kind::big_integer:
      return std::strtod(value.big_integer().digits.c_str(), nullptr);
    default:
      return std::nullopt;
  }
}

std::int64_t to_index(const Runtime& runtime, const Value& value, std::string_view what) {
  if (value.is(Kind::boolean)) return value.boolean() ? 1 : 0;
  if (value.is(Kind::integer)) return value.integer();
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (value.is(Kind::big_integer)) fail_overflow(runtime);
  runtime.fail(std::string(what) + " must be an integer, not '" + std::string(type_name(value)) +
               "'");
}

Value arithmetic(Runtime& runtime, Operator op, const Value& a, const Value& b) {
  if (op == Operator::modulo && a.is_text()) {
    return runtime.text(percent_format(runtime, a.text(), b));
  }
  if (a.is_undefined()) runtime.fail_undefined(a);
  if (b.is_undefined()) runtime.fail_undefined(b);
  if (a.is_number() && b.is_number()) {
    if (is_small_integer(a) && is_small_integer(b)) {
      return integers(runtime, op, to_index(runtime, a, ""), to_index(runtime, b, ""));
    }
    if (a.is(Kind::real) || b.is(Kind::real)) {
      return reals(runtime, op, to_real(a).value_or(0), to_real(b).value_or(0));
    }
    fail_overflow(runtime);
  }
  if (op == Operator::add && is_sequence(a) && a.kind() == b.kind() &&
      (a.is_text() || a.list().tuple == b.list().tuple)) {
    return concatenate(runtime, a, b);
  }
  if (op == Operator::multiply && is_sequence(a) && is_small_integer(b)) {
    return repeat(runtime, a, to_index(runtime, b, ""));
  }
  if (op == Operator::multiply && is_sequence(b) && is_small_integer(a)) {
    return repeat(runtime, b, to_index(runtime, a, ""));
  }
  fail_types(runtime, op, a, b);
}

Value negate(Runtime& runtime, const Value& value, bool minus) {
  if (value.is_undefined()) runtime.fail_undefined(value);
  if (is_small_integer(value)) {
    const std::int64_t number = to_index(runtime, value, "");
    return minus ? integers(runtime, Operator::subtract, 0, number) : Value(number);
  }
  if (value.is(Kind::real)) return minus ? -value.real() : value.real();
  if (value.is(Kind::big_integer) && !minus) return value;
  runtime.fail("bad operand type for unary " + std::string(minus ? "-" : "+") + ": '" +
               std::string(type_name(value)) + "'");
}

}  // namespace tlite::jinja

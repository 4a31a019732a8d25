#include "classes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gdnative {

int error_code(tlite_status status) {
  switch (status) {
    case TLITE_OK:
      return 0;  // OK
    case TLITE_ERROR_INVALID_ARGUMENT:
      return 31;  // ERR_INVALID_PARAMETER
    case TLITE_ERROR_NOT_FOUND:
      return 7;  // ERR_FILE_NOT_FOUND
    case TLITE_ERROR_IO:
      return 14;  // ERR_FILE_CANT_READ
    case TLITE_ERROR_CORRUPT:
      return 16;  // ERR_FILE_CORRUPT
    case TLITE_ERROR_NOT_SUPPORTED:
      return 15;  // ERR_FILE_UNRECOGNIZED
    case TLITE_ERROR_OUT_OF_MEMORY:
      return 6;  // ERR_OUT_OF_MEMORY
    case TLITE_ERROR_CONTEXT_FULL:
      return 5;  // ERR_PARAMETER_RANGE_ERROR
    case TLITE_ERROR_BAD_STATE:
      return 44;  // ERR_BUSY
    default:
      return 1;  // FAILED
  }
}

const char* type_name(Type type) {
  switch (type) {
    case kNil:
      return "null";
    case kBool:
      return "a bool";
    case kInt:
      return "an int";
    case kReal:
      return "a float";
    case kString:
      return "a String";
    case kNodePath:
      return "a NodePath";
    case kObject:
      return "an Object";
    case kDictionary:
      return "a Dictionary";
    case kStringArray:
      return "a PoolStringArray";
  }
  return "of another type";
}

Result read_int32(const char* name, const Argument& value, std::int32_t& out) {
  using Limits = std::numeric_limits<std::int32_t>;
  const std::int64_t given = value.as_int();
  if (given < Limits::min() || given > Limits::max()) {
    return {TLITE_ERROR_INVALID_ARGUMENT,
            std::string(name) + " is " + std::to_string(given) + "; it takes a number of 32 bits"};
  }
  out = static_cast<std::int32_t>(given);
  return {};
}

std::chrono::nanoseconds nanoseconds_of(double seconds) {
  constexpr double kMost = 3600;
  const std::chrono::duration<double> time(std::clamp(seconds, -kMost, kMost));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time);
}

std::string mismatch(const Parameter& parameter, const Argument& argument) {
  const Type given = argument.type();
  const bool is_number = given == kReal || given == kInt;
  const bool fits = given == parameter.type || (parameter.type == kReal && is_number) ||
                    (parameter.type == kNodePath && given == kString);
  if (!fits) {
    return std::string(parameter.name) + " is " + type_name(given) + "; it takes " +
           type_name(parameter.type);
  }
  if (parameter.type == kReal && !std::isfinite(argument.as_real())) {
    return std::string(parameter.name) + " is " + std::to_string(argument.as_real()) +
           "; it takes a number";
  }
  return {};
}

}  // namespace gdnative

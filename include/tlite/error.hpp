// The one exception type of the library.
//
// Only construction, loading and calls that take user input throw. A message names what was wrong
// in the caller's terms: the file, the field and the value. The C API maps `code()` to a
// `tlite_status` of the same number.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include <tlite/export.hpp>

namespace tlite {

// Numbers are part of the ABI: they never change, new ones are added at the end.
enum class ErrorCode : int {
  invalid_argument = -1,  // a parameter is out of its documented range
  not_found = -2,         // a file, tensor or name does not exist
  io = -3,                // the operating system refused to read or write
  corrupt = -4,           // a file's content contradicts itself or its format
  not_supported = -5,     // well-formed, but a kind that this library does not run
  out_of_memory = -6,     // an allocation failed or a memory cap would be exceeded
  cancelled = -7,         // cancel() or a callback stopped the work
  context_full = -8,      // the tokens do not fit in the context and the policy says error
  bad_template = -9,      // a chat template failed: syntax, types, raise_exception, limits
  bad_state = -10,        // the call is not allowed now, e.g. two batches in flight
  internal = -100,        // a bug in this library; please report it
};

// "invalid_argument", "not_found", ...; never null.
TLITE_API std::string_view to_string(ErrorCode code) noexcept;

class TLITE_API Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const noexcept { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace tlite

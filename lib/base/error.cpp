#include <tlite/error.hpp>
#include <tlite/version.hpp>

namespace tlite {

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::io:
      return "io";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::not_supported:
      return "not_supported";
    case ErrorCode::out_of_memory:
      return "out_of_memory";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::context_full:
      return "context_full";
    case ErrorCode::bad_template:
      return "bad_template";
    case ErrorCode::bad_state:
      return "bad_state";
    case ErrorCode::internal:
      return "internal";
  }
  return "unknown";
}

std::string_view version() noexcept { return TLITE_VERSION; }

}  // namespace tlite

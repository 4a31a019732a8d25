#include "failure.hpp"

#include <new>
#include <string_view>

#include <openai/json_fields.hpp>

namespace server {
namespace {

using tlite::ErrorCode;

FailureKind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::bad_template:
      return FailureKind::invalid;
    case ErrorCode::not_supported:
      return FailureKind::not_supported;
    case ErrorCode::context_full:
      return FailureKind::too_long;
    case ErrorCode::out_of_memory:
    case ErrorCode::bad_state:
      return FailureKind::unavailable;
    default:
      return FailureKind::internal;
  }
}

// "messages[1].role: ..." and "sampling: top_p is 2, ..." name their field at the beginning, the
// latter as the library calls it.
std::string field_of(std::string_view message) {
  constexpr std::string_view kSampling = "sampling: ";
  if (message.starts_with(kSampling)) {
    message.remove_prefix(kSampling.size());
    const std::string_view name = message.substr(0, message.find_first_of(" [."));
    return name == "max_new_tokens" ? "max_tokens" : std::string(name);
  }
  if (message.starts_with("messages")) return std::string(message.substr(0, message.find(": ")));
  return {};
}

}  // namespace

int status_of(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::invalid:
    case FailureKind::not_supported:
    case FailureKind::too_long:
      return 400;
    case FailureKind::unauthorized:
      return 401;
    case FailureKind::forbidden:
      return 403;
    case FailureKind::no_route:
    case FailureKind::no_model:
      return 404;
    case FailureKind::no_method:
      return 405;
    case FailureKind::too_slow:
      return 408;
    case FailureKind::too_large:
      return 413;
    case FailureKind::busy:
      return 429;
    case FailureKind::head_too_large:
      return 431;
    case FailureKind::unavailable:
      return 503;
    case FailureKind::timed_out:
      return 504;
    case FailureKind::internal:
      break;
  }
  return 500;
}

FailureKind kind_of_status(int status) noexcept {
  switch (status) {
    case 408:
      return FailureKind::too_slow;
    case 413:
      return FailureKind::too_large;
    case 429:
      return FailureKind::busy;
    case 431:
      return FailureKind::head_too_large;
    default:
      return status < 500 ? FailureKind::invalid : FailureKind::internal;
  }
}

Failure failure_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) {
    return {FailureKind::unavailable, "out of memory"};
  }
  if (const auto* const refusal = dynamic_cast<const Refusal*>(&error)) return refusal->failure();
  const auto* const own = dynamic_cast<const tlite::Error*>(&error);
  if (own == nullptr) return {FailureKind::internal, error.what()};
  const auto* const field = dynamic_cast<const openai::FieldError*>(own);
  return {kind_of(own->code()), own->what(), field ? field->field() : field_of(own->what())};
}

}  // namespace server

// What went wrong with a request, whatever API it came by.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include <tlite/tlite.hpp>

namespace server {

enum class FailureKind : std::int8_t {
  invalid,         // 400
  not_supported,   // 400
  too_long,        // 400: prompt and answer do not fit the context
  unauthorized,    // 401
  forbidden,       // 403
  no_route,        // 404
  no_model,        // 404
  no_method,       // 405
  too_slow,        // 408
  too_large,       // 413
  busy,            // 429
  head_too_large,  // 431
  internal,        // 500
  unavailable,     // 503: the server is going down, or a model has no room
  timed_out,       // 504
};

struct Failure {
  FailureKind kind = FailureKind::internal;
  std::string message;
  std::string field = {};  // empty: none
};

// One that is thrown, where it is known already as what the client is told.
class Refusal : public std::exception {
 public:
  explicit Refusal(Failure failure) : failure_(std::move(failure)) {}
  const Failure& failure() const noexcept { return failure_; }
  const char* what() const noexcept override { return failure_.message.c_str(); }

 private:
  Failure failure_;
};

int status_of(FailureKind kind) noexcept;
FailureKind kind_of_status(int status) noexcept;
// Of an error that reading or answering a request has thrown.
Failure failure_of(const std::exception& error);

}  // namespace server

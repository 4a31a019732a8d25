// The body of StopMatcher. The search itself is runtime/stop_scanner.hpp's, which Generator uses
// too.
#include "runtime/stop_scanner.hpp"

#include <tlite/error.hpp>
#include <tlite/stop_matcher.hpp>

namespace tlite {

namespace {

// Before the scanner is made: it requires that no stop string is empty.
const std::vector<std::string>& checked(const std::vector<std::string>& stops) {
  for (std::size_t i = 0; i < stops.size(); ++i) {
    if (!stops[i].empty()) continue;
    throw Error(ErrorCode::invalid_argument,
                "stop[" + std::to_string(i) + "] is empty, it must be a text");
  }
  return stops;
}

}  // namespace

struct StopMatcher::Impl {
  StopScanner scanner;
  std::string piece;  // what the last call gave out
  bool complete = false;
  std::string none = {};  // a static one would be destroyed at exit, while others still run
};

StopMatcher::StopMatcher(const std::vector<std::string>& stops, bool keep)
    : impl_(new Impl{StopScanner(checked(stops), keep), {}, false}) {}
StopMatcher::~StopMatcher() = default;
StopMatcher::StopMatcher(StopMatcher&&) noexcept = default;
StopMatcher& StopMatcher::operator=(StopMatcher&&) noexcept = default;

std::string_view StopMatcher::push(std::string_view text) {
  impl_->piece.clear();
  impl_->complete = impl_->scanner.push(text, impl_->piece);
  return impl_->piece;
}

std::string_view StopMatcher::flush() {
  impl_->piece.clear();
  impl_->complete = false;
  impl_->scanner.flush(impl_->piece);
  return impl_->piece;
}

const std::string& StopMatcher::found() const noexcept {
  return impl_->complete ? impl_->scanner.found() : impl_->none;
}

}  // namespace tlite

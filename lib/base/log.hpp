// The host's log sink, or silence.
#pragma once

#include <string_view>
#include <utility>

#include <tlite/host.hpp>

namespace tlite {

class Log {
 public:
  Log() = default;
  explicit Log(LogSink sink) : sink_(std::move(sink)) {}

  void operator()(LogLevel level, std::string_view text) const {
    if (sink_) sink_(level, text);
  }

 private:
  LogSink sink_;
};

}  // namespace tlite

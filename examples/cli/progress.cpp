#include "progress.hpp"

#include "output.hpp"

#include <iostream>
#include <utility>

namespace cli {

Progress::Progress(std::string label)
    : label_(std::move(label)),
      terminal_(is_terminal_error()),
      last_(std::chrono::steady_clock::now()) {}

void Progress::show(std::string_view detail) {
  constexpr std::chrono::milliseconds kPause(100);
  const auto now = std::chrono::steady_clock::now();
  if (!terminal_ || now - last_ < kPause) return;
  last_ = now;
  shown_ = true;
  std::cerr << "\r\x1b[K" << label_ << " " << detail << std::flush;
}

void Progress::clear() {
  if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  shown_ = false;
}

tlite::LogSink warnings_on_stderr() {
  return [terminal = is_terminal_error()](tlite::LogLevel level, std::string_view text) {
    if (level < tlite::LogLevel::warning) return;
    std::cerr << (terminal ? "\r\x1b[K" : "") << "tlite: " << one_line(std::string(text)) << "\n";
  };
}

}  // namespace cli

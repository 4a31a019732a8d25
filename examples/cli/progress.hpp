// A line of progress on stderr, where that is a terminal; silent in a pipe.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <tlite/host.hpp>

namespace cli {

class Progress {
 public:
  explicit Progress(std::string label);
  ~Progress() { clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // "label detail", at most ten times a second.
  void show(std::string_view detail);
  void clear();

 private:
  std::string label_;
  bool terminal_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point last_;
};

// For Host::log: warnings and errors, each a line on stderr in place of the progress.
tlite::LogSink warnings_on_stderr();

}  // namespace cli

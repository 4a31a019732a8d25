#include "runtime/stop_scanner.hpp"

#include "sample/room.hpp"

#include <algorithm>

namespace tlite {

void StopScanner::advance(Stop& stop, char byte) noexcept {
  while (stop.matched > 0 && stop.text[stop.matched] != byte) {
    stop.matched = stop.fallback[stop.matched - 1];
  }
  if (stop.text[stop.matched] == byte) ++stop.matched;
}

StopScanner::StopScanner(const std::vector<std::string>& stops, bool keep) : keep_(keep) {
  std::size_t longest = 0;
  for (const std::string& text : stops) {
    Stop stop{text, std::vector<std::size_t>(text.size(), 0)};
    for (std::size_t i = 1; i < text.size(); ++i) {
      advance(stop, text[i]);
      stop.fallback[i] = stop.matched;
    }
    stop.matched = 0;
    longest = std::max(longest, text.size());
    stops_.push_back(std::move(stop));
  }
  held_.reserve(longest + kPieceRoom);
}

bool StopScanner::push(std::string_view text, std::string& out) {
  for (const char byte : text) {
    held_.push_back(byte);
    const Stop* complete = nullptr;
    for (Stop& stop : stops_) {
      advance(stop, byte);
      if (stop.matched < stop.text.size()) continue;
      if (complete == nullptr || stop.text.size() > complete->text.size()) complete = &stop;
      stop.matched = stop.fallback.back();
    }
    if (complete == nullptr) continue;
    found_ = complete->text;
    if (!keep_) held_.resize(held_.size() - found_.size());
    flush(out);
    return true;
  }
  std::size_t hold = 0;
  for (const Stop& stop : stops_) hold = std::max(hold, stop.matched);
  out.append(held_, 0, held_.size() - hold);
  held_.erase(0, held_.size() - hold);
  return false;
}

void StopScanner::flush(std::string& out) {
  out += held_;
  held_.clear();
  for (Stop& stop : stops_) stop.matched = 0;
}

}  // namespace tlite

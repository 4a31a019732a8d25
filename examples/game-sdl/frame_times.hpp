// How long frames took: the last ten seconds for the histogram, all of them for the report.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

class FrameTimes {
 public:
  static constexpr std::size_t kBins = 34;  // a millisecond each; the last one has all that is over
  static constexpr std::size_t kRecent = 600;

  explicit FrameTimes(std::size_t frames) { all_.reserve(frames); }

  // The histogram has room for what it counts from the start; the report's list may grow.
  void add(double milliseconds) {
    if (all_.size() >= kRecent) --bins_[bin_of(all_[all_.size() - kRecent])];
    ++bins_[bin_of(milliseconds)];
    all_.push_back(milliseconds);
  }

  const std::array<std::size_t, kBins>& bins() const noexcept { return bins_; }
  std::size_t count() const noexcept { return all_.size(); }

  // Of all frames; 0 of none. `share` of 1: the longest.
  double quantile(double share) const {
    if (all_.empty()) return 0;
    std::vector<double> sorted = all_;
    const auto last = static_cast<double>(sorted.size() - 1);
    const auto at = sorted.begin() + static_cast<std::ptrdiff_t>(share * last);
    std::nth_element(sorted.begin(), at, sorted.end());
    return *at;
  }
  // Of the histogram, to the millisecond: cheap enough for each frame.
  double recent_quantile(double share) const noexcept {
    std::size_t wanted = static_cast<std::size_t>(share * static_cast<double>(recent()));
    for (std::size_t bin = 0; bin < kBins; ++bin) {
      if (bins_[bin] > wanted) return static_cast<double>(bin + 1);
      wanted -= bins_[bin];
    }
    return kBins;
  }
  std::size_t over(double milliseconds) const {
    return static_cast<std::size_t>(
        std::count_if(all_.begin(), all_.end(), [&](double each) { return each > milliseconds; }));
  }

 private:
  static std::size_t bin_of(double milliseconds) noexcept {
    return milliseconds < 0 ? 0 : std::min(static_cast<std::size_t>(milliseconds), kBins - 1);
  }
  std::size_t recent() const noexcept { return std::min(all_.size(), kRecent); }

  std::array<std::size_t, kBins> bins_{};
  std::vector<double> all_;
};

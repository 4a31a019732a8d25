// Numbers for Prometheus, under vLLM's names where they mean the same.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

namespace server {

// Counts of values up to some bounds, as Prometheus has them.
class Histogram {
 public:
  void add(double seconds);
  void write(std::string& out, const std::string& name, const std::string& help) const;

 private:
  static constexpr std::array<double, 14> kBounds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,
                                                     1,     2.5,  5,     10,   30,  60,   300};
  std::array<std::uint64_t, kBounds.size()> counts_ = {};
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

struct Metrics {
  std::uint64_t prompt_tokens = 0;
  std::uint64_t cached_tokens = 0;
  std::uint64_t generation_tokens = 0;
  std::map<std::string, std::uint64_t> successes;  // answers by finish reason
  std::map<int, std::uint64_t> failures;           // requests by status
  Histogram first_token, between_tokens, whole;

  struct Now {
    std::size_t running = 0, waiting = 0, connections = 0;
    double cache_usage = 0;  // of the room for keys and values, 0 to 1
  };
  std::string text(const Now& now) const;
};

}  // namespace server

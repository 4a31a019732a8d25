#include "base/clock.hpp"

#include <array>
#include <chrono>
#include <clocale>
#include <ctime>

namespace tlite {

LocalTime local_time_now() noexcept {
  using namespace std::chrono;
  const auto since_epoch = system_clock::now().time_since_epoch();
  const std::int64_t micros = duration_cast<microseconds>(since_epoch).count();
  return {micros / 1'000'000, micros % 1'000'000};
}

std::optional<std::string> format_local_time(const std::string& format, std::int64_t seconds) {
  const auto clock = static_cast<std::time_t>(seconds);
  std::tm time = {};
  if (::localtime_r(&clock, &time) == nullptr) return std::nullopt;
  const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (locale == nullptr) return std::nullopt;
  std::array<char, 4096> buffer = {};
  const std::string marked = format + " ";  // so that an empty result is not a failure
  const std::size_t size =
      ::strftime_l(buffer.data(), buffer.size(), marked.c_str(), &time, locale);
  ::freelocale(locale);
  if (size == 0) return std::nullopt;
  return std::string(buffer.data(), size - 1);
}

}  // namespace tlite

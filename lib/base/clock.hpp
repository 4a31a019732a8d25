// The local time, as text in the C locale whatever the host has set.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace tlite {

struct LocalTime {
  std::int64_t seconds = 0;  // since the epoch
  std::int64_t microseconds = 0;
};

LocalTime local_time_now() noexcept;

// strftime of that time in the local zone. Unset: no such time, or a result of 4 KiB and more.
std::optional<std::string> format_local_time(const std::string& format, std::int64_t seconds);

}  // namespace tlite

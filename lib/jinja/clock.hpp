// strftime_now: datetime.now().strftime(format) of Python, in the C locale and local time.
#pragma once

#include "jinja/runtime.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace tlite::jinja {

// `now`: seconds since the epoch; unset: the system clock.
std::string format_time(const Runtime& runtime, const std::string& format,
                        std::optional<std::int64_t> now);

}  // namespace tlite::jinja

#include "jinja/clock.hpp"

#include "base/clock.hpp"

namespace tlite::jinja {
namespace {

// %f is Python's own; %z and %Z of a time without a zone are empty there.
std::string replace_python_fields(const std::string& format, std::int64_t microseconds) {
  std::string out;
  for (std::size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%' || i + 1 == format.size()) {
      out += format[i];
      continue;
    }
    const char field = format[++i];
    if (field == 'f') {
      const std::string digits = std::to_string(microseconds);
      out += std::string(6 - digits.size(), '0') + digits;
    } else if (field != 'z' && field != 'Z') {
      out += '%';
      out += field;
    }
  }
  return out;
}

}  // namespace

std::string format_time(const Runtime& runtime, const std::string& format,
                        std::optional<std::int64_t> now) {
  const LocalTime time = now ? LocalTime{*now, 0} : local_time_now();
  const auto text =
      format_local_time(replace_python_fields(format, time.microseconds), time.seconds);
  if (!text) runtime.fail("strftime_now: no such time, or a text of 4 KiB and more");
  return *text;
}

}  // namespace tlite::jinja

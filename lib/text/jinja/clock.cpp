#include "text/jinja/clock.hpp"

#include <array>
#include <chrono>
#include <ctime>

#include <locale.h>

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

// In the C locale whatever the host has set, as Python does.
std::string format_c(const Runtime& runtime, const std::string& format, const std::tm& time) {
  if (format.empty()) return {};
  const locale_t locale = ::newlocale(LC_ALL_MASK, "C", nullptr);
  if (locale == nullptr) runtime.fail("strftime_now: no C locale");
  std::array<char, 4096> buffer = {};
  const std::string marked = format + " ";  // so that an empty result is not a failure
  const std::size_t size =
      ::strftime_l(buffer.data(), buffer.size(), marked.c_str(), &time, locale);
  ::freelocale(locale);
  if (size == 0) runtime.fail("strftime_now: the result is longer than 4095 bytes");
  return std::string(buffer.data(), size - 1);
}

}  // namespace

std::string format_time(const Runtime& runtime, const std::string& format,
                        std::optional<std::int64_t> now) {
  using namespace std::chrono;
  const auto since_epoch = system_clock::now().time_since_epoch();
  const std::int64_t micros = now ? 0 : duration_cast<microseconds>(since_epoch).count();
  const auto seconds = static_cast<std::time_t>(now ? *now : micros / 1'000'000);
  std::tm time = {};
  if (::localtime_r(&seconds, &time) == nullptr) runtime.fail("strftime_now: no such time");
  return format_c(runtime, replace_python_fields(format, micros % 1'000'000), time);
}

}  // namespace tlite::jinja

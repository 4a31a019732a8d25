#include "output.hpp"

#include <array>
#include <charconv>
#include <iostream>
#include <stdexcept>

#include <unistd.h>

namespace cli {

void write_text(std::string_view text) {
  std::cout.write(text.data(), static_cast<std::streamsize>(text.size()));
}

void write_json(const Json& value) {
  write_text(value.dump(-1, ' ', false, Json::error_handler_t::replace));
  write_text("\n");
}

void finish_output() {
  std::cout.flush();
  if (!std::cout) throw std::runtime_error("cannot write to the standard output");
}

std::string one_line(std::string_view text) {
  std::string out(text);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  for (char& c : out) {
    if (c == '\n' || c == '\r') c = ' ';
  }
  return out;
}

std::string format_number(double value, int digits) {
  std::array<char, 400> buffer = {};
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                    std::chars_format::fixed, digits);
  return std::string(buffer.data(), result.ptr);
}

std::string format_bytes(double bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (bytes >= 1000 && unit + 1 < kUnits.size()) {
    bytes /= 1000;
    ++unit;
  }
  return format_number(bytes, unit == 0 ? 0 : 1) + " " + kUnits[unit];
}

bool is_terminal_output() { return ::isatty(STDOUT_FILENO) != 0; }
bool is_terminal_error() { return ::isatty(STDERR_FILENO) != 0; }
bool is_terminal_input() { return ::isatty(STDIN_FILENO) != 0; }

}  // namespace cli

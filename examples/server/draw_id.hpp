// Names that nobody guesses and no two things have.
#pragma once

#include <array>
#include <cstdio>
#include <random>
#include <string>

namespace server {

// 24 hexadecimal digits.
inline std::string draw_id() {
  std::random_device device;
  std::string id;
  for (int i = 0; i < 3; ++i) {
    std::array<char, 9> digits = {};
    std::snprintf(digits.data(), digits.size(), "%08x", static_cast<unsigned>(device()));
    id += digits.data();
  }
  return id;
}

}  // namespace server

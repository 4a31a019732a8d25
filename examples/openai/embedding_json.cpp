#include "embedding_json.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstdint>

namespace openai {

Json embedding_json(std::span<const float> values) {
  Json list = Json::array();
  for (const float value : values) {
    // The double of a float's shortest text: JSON writes it in the same digits.
    std::array<char, 64> text = {};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    double digits = 0;
    std::from_chars(text.data(), end, digits);
    list.push_back(digits);
  }
  return list;
}

std::string base64(std::span<const float> values) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  for (const float value : values) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    for (unsigned shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<char>(bits >> shift & 0xFFU));
    }
  }
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t three = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const bool there = i + k < bytes.size();
      three = three << 8U | (there ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      const bool there = i + k <= bytes.size();
      text.push_back(there ? kDigits[three >> (18 - 6 * k) & 0x3FU] : '=');
    }
  }
  return text;
}

}  // namespace openai

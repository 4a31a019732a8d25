#include "text/byte_level.hpp"

#include "base/utf8.hpp"

#include <array>

namespace tlite::text {
namespace {

// 188 bytes stand for themselves; the other 68 have U+0100 to U+0143, in their order.
struct Alphabet {
  std::array<char32_t, 256> characters{};
  std::array<std::int16_t, 0x144> bytes{};  // -1: not in the alphabet
};

constexpr bool stands_for_itself(unsigned byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr Alphabet make_alphabet() {
  Alphabet alphabet;
  for (std::int16_t& byte : alphabet.bytes) byte = -1;
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const char32_t character = stands_for_itself(byte) ? byte : next++;
    alphabet.characters[byte] = character;
    alphabet.bytes[character] = static_cast<std::int16_t>(byte);
  }
  return alphabet;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

char32_t byte_character(std::uint8_t byte) noexcept { return kAlphabet.characters[byte]; }

std::string to_byte_level(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char byte : bytes) append_utf8(out, byte_character(static_cast<std::uint8_t>(byte)));
  return out;
}

// What is appended before a character that is not in the alphabet is taken back: a token is read by
// the alphabet as a whole or not at all.
void append_token_bytes(std::string& out, std::string_view token) {
  const std::size_t start = out.size();
  for (std::size_t i = 0; i < token.size();) {
    const CodePoint point = decode_utf8(token.data() + i);
    const int byte = point.value < kAlphabet.bytes.size() ? kAlphabet.bytes[point.value] : -1;
    if (byte < 0) {
      out.resize(start);
      out.append(token);
      return;
    }
    out += static_cast<char>(byte);
    i += point.length;
  }
}

}  // namespace tlite::text

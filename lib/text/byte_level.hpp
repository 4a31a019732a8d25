// GPT-2's byte-level alphabet: each byte is written as one printable character, so that tokens of
// any bytes can stand in a JSON vocabulary. Space is "Ġ", newline "Ċ".
// After bytes_to_unicode in OpenAI's encoder.py (2019).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tlite::text {

// The character that stands for a byte.
char32_t byte_character(std::uint8_t byte) noexcept;

// Bytes in the alphabet's spelling.
std::string to_byte_level(std::string_view bytes);

// Appends the bytes that a token stands for: read by the alphabet when every character is in it,
// else the token's own UTF-8, as the reference's decoder does. `token` is valid UTF-8.
void append_token_bytes(std::string& out, std::string_view token);

}  // namespace tlite::text

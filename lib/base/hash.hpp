// Hash of short byte strings: one 64x64-bit multiplication for each 8 bytes, after wyhash (Wang Yi,
// 2019). Not keyed: the tables that use it stay correct, and bounded, whatever collides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace tlite {

inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
  __extension__ using Wide = unsigned __int128;
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

template <class T>
std::uint64_t load_bytes(const char* data) noexcept {
  T value;
  std::memcpy(&value, data, sizeof value);
  return value;
}

inline std::uint64_t hash_bytes(std::string_view text) noexcept {
  constexpr std::uint64_t kFirst = 0xA0761D6478BD642F;
  constexpr std::uint64_t kSecond = 0xE7037ED1A0B428DB;
  const char* data = text.data();
  std::size_t left = text.size();
  std::uint64_t state = kFirst ^ left;
  while (left > 8) {
    state = mix(state ^ load_bytes<std::uint64_t>(data), kSecond);
    data += 8;
    left -= 8;
  }
  std::uint64_t tail = 0;
  if (left >= 4) {
    tail = load_bytes<std::uint32_t>(data) << 32 | load_bytes<std::uint32_t>(data + left - 4);
  } else if (left > 0) {
    const auto byte = [data](std::size_t i) {
      return static_cast<std::uint64_t>(static_cast<unsigned char>(data[i]));
    };
    tail = byte(0) << 16 | byte(left / 2) << 8 | byte(left - 1);
  }
  return mix(state ^ tail, kSecond);
}

}  // namespace tlite

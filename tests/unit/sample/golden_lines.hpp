// What the goldens of samplers share: lists in a line, and the hash of a list of tokens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <span>

#include <tlite/tokenizer.hpp>

namespace tlite::test {

// A count and, behind it, as many entries.
template <class Read>
void read_list(std::istream& in, Read&& read) {
  std::size_t count = 0;
  in >> count;
  for (std::size_t i = 0; i < count; ++i) read();
}

// FNV-1a over the ids, the lowest byte first, as the generators compute it.
inline std::uint64_t fnv(std::span<const TokenId> tokens) {
  std::uint64_t state = 0xCBF29CE484222325ULL;
  for (const TokenId token : tokens) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      state = (state ^ (static_cast<std::uint32_t>(token) >> shift & 0xFFU)) * 0x100000001B3ULL;
    }
  }
  return state;
}

}  // namespace tlite::test

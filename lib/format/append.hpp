// Numbers at the end of a file that is put together in memory.
#pragma once

#include <cstring>
#include <string>

namespace tlite {

// Little endian, like the machines this library runs on.
template <class T>
void append(std::string& bytes, T value) {
  char raw[sizeof(T)];
  std::memcpy(raw, &value, sizeof(T));
  bytes.append(raw, sizeof(T));
}

}  // namespace tlite

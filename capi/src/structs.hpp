// Structures with a struct_size, of this version or another. The idea, and the rule for what is
// newer, are those of Linux's copy_struct_from_user (openat2(2), "Extensibility").
//
// A caller's structure is read once, by read_struct, into one of this version, and nobody looks at
// the caller's again: what is behind it knows one layout only. Of the caller's memory nothing
// beyond `struct_size` may be touched before that was checked, as a structure of an older program
// ends earlier than T does.
#pragma once

#include "guard.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>

#include <older_sizes.hpp>  // of capi/abi, made by describe_abi.py
#include <tlite.h>

namespace tlite::capi {

// No structure will ever be this large; a larger struct_size is garbage.
// So it bounds what is read and cleared behind the part that is known.
inline constexpr std::size_t kLargestStruct = 4096;

// Taken are the sizes that a version had, and all that are larger, since those of later versions
// are not known here. Everything else, 0 most of all, is a structure that nobody has initialised.
template <class T>
void check_struct_size(std::size_t size) {
  static_assert(std::is_trivially_copyable_v<T> && offsetof(T, struct_size) == 0);
  const bool newer = size >= sizeof(T) && size <= kLargestStruct;
  const auto& older = kOlderSizes<T>;
  if (newer || std::find(older.begin(), older.end(), size) != older.end()) return;
  throw_invalid("struct_size is " + std::to_string(size) + ", where this library's is " +
                std::to_string(sizeof(T)) + ": was the structure initialised?");
}

// Gives the first `size` bytes of `value` to the caller, zeros where the caller's is longer.
// By value, as the size in it becomes the caller's. The zeros are for a newer program: it must not
// take what was on its stack for an answer. It cannot fail and comes last, so that an error leaves
// the caller's structure as it was.
template <class T>
void copy_out(T value, T* out, std::size_t size) {
  const std::size_t known = std::min(size, sizeof(T));
  value.struct_size = static_cast<std::uint32_t>(size);
  std::memcpy(static_cast<void*>(out), &value, known);
  std::memset(reinterpret_cast<char*>(out) + known, 0, size - known);
}

// For tlite_<T>_init.
// The size is a parameter, for memory that nobody has initialised yet has none to read.
template <class T>
tlite_status init_struct(T* out, std::size_t size, const T& defaults) noexcept {
  return guard(nullptr, [&] {
    required(out, "structure");
    check_struct_size<T>(size);
    copy_out(defaults, out, size);
  });
}

// The caller's structure, its missing end filled in from the defaults.
// What a newer program has set and this library does not know is refused and not ignored: no wish
// goes under in silence. An older program gets the defaults for what it does not know, so the
// default of a new field must mean what the library did before there was one. Pointers in the
// result still lead to the caller's memory, and its struct_size is still the caller's: it is the
// size of nothing here.
template <class T>
T read_struct(const T* in, const T& defaults) {
  if (in == nullptr) return defaults;
  const std::size_t size = in->struct_size;
  check_struct_size<T>(size);
  const char* const bytes = reinterpret_cast<const char*>(in);
  if (std::any_of(bytes + std::min(size, sizeof(T)), bytes + size, [](char c) { return c != 0; })) {
    throw Error(
        ErrorCode::not_supported,
        "not supported: a field that is set in the last " + std::to_string(size - sizeof(T)) +
            " of the " + std::to_string(size) + " bytes of a structure; this library (ABI " +
            std::to_string(TLITE_ABI_VERSION >> 16U) + "." +
            std::to_string(TLITE_ABI_VERSION & 0xFFFFU) + ") knows " + std::to_string(sizeof(T)));
  }
  T value = defaults;
  std::memcpy(&value, bytes, std::min(size, sizeof(T)));
  return value;
}

// The size of a structure that the caller wants filled in. Asked before the work is done, so that a
// wrong size is found while nothing has changed.
template <class T>
std::size_t out_struct_size(const T* out, const char* name) {
  const std::size_t size = required(out, name).struct_size;
  check_struct_size<T>(size);
  return size;
}

}  // namespace tlite::capi

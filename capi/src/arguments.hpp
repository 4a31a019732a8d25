// Pointer-and-size parameters, checked, as the views that the C++ API takes.
//
// Everything here looks at what the caller gave and copies nothing: the views are good for the call
// alone, and whoever keeps a text copies it. Ranges that the C++ API checks are left to it: its
// messages name the field, and error.cpp makes them fit C. Checked here is what its types rule out
// and C's do not, and what is unset in another way.
#pragma once

#include "guard.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tlite.h>

#include <tlite/error.hpp>
#include <tlite/model.hpp>
#include <tlite/weight_mix.hpp>

namespace tlite::capi {

// A text; see "Text" in tlite.h.
// TLITE_NUL is looked for before the limit of the size, being itself the largest one. NULL is the
// empty text, with TLITE_NUL too, where strlen would read address 0. Whether it is UTF-8 is not
// asked here: each taker has its own rule for bytes that are not.
std::string_view text_in(const char* data, std::size_t size, const char* name);
inline std::string_view text_in(const tlite_text& text, const char* name) {
  return text_in(text.data, text.size, name);
}

// A text that names a file: not empty, and without a NUL, at which the operating system would stop.
std::string_view path_in(const char* data, std::size_t size, const char* name = "path");
// The same, or empty: unset.
std::string_view optional_path_in(const tlite_text& path, const char* name);

// A view, with the NUL that std::string keeps behind its text: tlite.h promises one, so this takes
// no string_view. It is only for strings that outlive the call.
inline tlite_text text_out(const std::string& text) noexcept { return {text.data(), text.size()}; }

// A list; NULL is the empty one.
// The limit is in bytes, so that the end of the list can be computed; a negative count that a
// caller has cast to size_t is beyond it.
template <class T>
std::span<const T> list_in(const T* data, std::size_t count, const char* name) {
  if (count > PTRDIFF_MAX / sizeof(T)) {
    throw_invalid("the count of " + std::string(name) + " is " + std::to_string(count) +
                  ", more than memory can hold");
  }
  if (data == nullptr && count > 0) {
    throw_invalid(std::string(name) + " is NULL, with a count of " + std::to_string(count));
  }
  return {data, count};
}

// A field that has no meaning yet: set in silence today, it could never get one.
inline void require_zero(std::size_t value, const char* name) {
  if (value == 0) return;
  throw Error(ErrorCode::not_supported, "not supported: " + std::string(name) + " is " +
                                            std::to_string(value) + ", it must be 0");
}

// A number of threads; unset is `fallback`, and 0 of that the C++ API's default.
// 0 is refused here and not by the C++ API, for which it is unset.
std::int32_t threads_in(std::int32_t asked, std::int32_t fallback);
inline std::int32_t threads_out(std::int32_t threads) noexcept {
  return threads == 0 ? TLITE_UNSET : threads;
}

// Whether a constant is one of its set, by what the set's tlite_<set>_name says of it.
inline bool is_member(std::string_view name) noexcept { return name != "unknown"; }

WeightMix weight_mix_in(tlite_weight_mix mix, const char* name);

// A KV cache's type; AUTO is unset.
// Whether a KV cache can be of the type is left to the C++ API: here it must only be one of the
// set, so that the cast has a meaning.
std::optional<DataType> kv_type_in(tlite_data_type type);
inline tlite_data_type kv_type_out(std::optional<DataType> type) noexcept {
  return type ? static_cast<tlite_data_type>(*type) : TLITE_DATA_TYPE_AUTO;
}

}  // namespace tlite::capi

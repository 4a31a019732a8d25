// The version of the library that is linked, against the one compiled with.
#pragma once

#include <string_view>

#include <tlite/export.hpp>

namespace tlite {

// "0.1.0": semantic versioning.
TLITE_API std::string_view version() noexcept;

}  // namespace tlite

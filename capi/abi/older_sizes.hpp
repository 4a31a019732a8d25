// Made by capi/describe_abi.py: the sizes that structures of tlite.h had before today's,
// under this major number, which structs.hpp takes for older programs'.
#pragma once

#include <cstddef>
#include <initializer_list>

#include <tlite.h>

namespace tlite::capi {

template <class T>
inline constexpr std::initializer_list<std::size_t> kOlderSizes = {};

}  // namespace tlite::capi

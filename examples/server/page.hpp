// The page for people at "/", built into the program where there is one.
#pragma once

#include <string_view>

namespace server {

// HTML that loads nothing else; empty: none was built in.
std::string_view page() noexcept;

}  // namespace server

#include "page.hpp"

namespace server {

std::string_view page() noexcept { return {}; }

}  // namespace server

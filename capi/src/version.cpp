// Which ABI this is. A program asks before anything else, so none of this may depend on other
// structures or functions having the layout that the program knows.
#include "guard.hpp"

#include <string>

#include <tlite.h>

#include <tlite/version.hpp>

namespace tlite::capi {
namespace {

std::string abi_text(std::uint32_t abi) {
  return std::to_string(abi >> 16U) + "." + std::to_string(abi & 0xFFFFU);
}

// Of one major number all that is older fits. A higher minor number than ours does not: the program
// may call functions that are not here.
constexpr bool fits(std::uint32_t wanted) {
  return wanted >> 16U == TLITE_ABI_MAJOR && wanted <= TLITE_ABI_VERSION;
}

}  // namespace
}  // namespace tlite::capi

static_assert(TLITE_ABI_VERSION == 65536U * TLITE_ABI_MAJOR + TLITE_ABI_MINOR);

uint32_t tlite_abi_version(void) noexcept { return TLITE_ABI_VERSION; }

const char* tlite_version(void) noexcept { return tlite::version().data(); }

tlite_status tlite_check_abi(uint32_t wanted, tlite_error** error) noexcept {
  return tlite::capi::guard(error, [&] {
    if (tlite::capi::fits(wanted)) return;
    throw tlite::Error(tlite::ErrorCode::not_supported,
                       "not supported: the program needs ABI " + tlite::capi::abi_text(wanted) +
                           ", and libtlite_c " + std::string(tlite::version()) + " has " +
                           tlite::capi::abi_text(TLITE_ABI_VERSION));
  });
}

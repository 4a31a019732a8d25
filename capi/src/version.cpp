#include <tlite.h>

#include <tlite/version.hpp>

static_assert(TLITE_ABI_VERSION == 65536U * TLITE_ABI_MAJOR + TLITE_ABI_MINOR);

uint32_t tlite_abi_version(void) noexcept { return TLITE_ABI_VERSION; }

const char* tlite_version(void) noexcept { return tlite::version().data(); }

#include <tlite.h>

#include <tlite/version.hpp>

uint32_t tlite_abi_version(void) noexcept { return TLITE_ABI_VERSION; }

const char* tlite_version(void) noexcept { return tlite::version().data(); }

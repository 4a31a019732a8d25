// Files that are open without standing in the host's way.
#pragma once

#include <sys/types.h>

namespace tlite {

// open(), closed in programs that the host starts. Never 0, 1 or 2: in a host that has closed them,
// a service or a GUI program, whatever it prints would end up in the file. -1 and errno, which is
// never EINTR.
int open_descriptor(const char* path, int flags, mode_t mode = 0) noexcept;

}  // namespace tlite

#include "base/file_descriptor.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

namespace tlite {

int open_descriptor(const char* path, int flags, mode_t mode) noexcept {
  int file = -1;
  do {
    file = ::open(path, flags | O_CLOEXEC, mode);
  } while (file < 0 && errno == EINTR);
  if (file < 0 || file > STDERR_FILENO) return file;
  const int higher = ::fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int error = errno;
  ::close(file);
  errno = error;
  return higher;
}

}  // namespace tlite

#include "base/output_file.hpp"

#include "base/file.hpp"
#include "base/file_descriptor.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tlite/error.hpp>

namespace tlite {
namespace {

// The folder of a path, whose entries rename changes.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

// Of processes and of files of one process that write to one path at a time.
std::string unique_suffix() {
  static std::atomic<unsigned> counter{0};
  return ".part-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
}

// A new name is on the disk when its folder is. Not every file system takes this; the file itself
// is safe by then.
void sync_folder(const std::string& path) noexcept {
  const int folder = open_descriptor(path.c_str(), O_RDONLY | O_DIRECTORY);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

}  // namespace

OutputFile::OutputFile(std::string_view path) : path_(path), partial_(path_ + unique_suffix()) {
  struct stat status = {};
  if (::stat(path_.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) fail(EISDIR, "write");
  file_ = open_descriptor(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0666);
  if (file_ < 0) fail(errno, "write");
}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(partial_.c_str());
}

void OutputFile::reserve(std::uint64_t bytes) {
#if defined(__linux__)
  // Not posix_fallocate, which writes the file full of zeros where the file system cannot do it.
  if (::fallocate(file_, 0, 0, static_cast<off_t>(bytes)) == 0) return;
  if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR) fail(errno, "write");
#else
  static_cast<void>(bytes);
#endif
}

void OutputFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    // Not write(): the tests allow no symbol by which the library could talk over its host.
    const ssize_t written =
        ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(written_));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(errno, "write");
    written_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void OutputFile::commit() {
  if (::fsync(file_) != 0) fail(errno, "write");
  if (::rename(partial_.c_str(), path_.c_str()) != 0) fail(errno, "write");
  ::close(file_);
  file_ = -1;
  sync_folder(folder_of(path_));
}

void OutputFile::fail(int error, std::string_view action) const {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::not_found : ErrorCode::io;
  throw Error(code, quoted_if_empty(path_) + ": cannot " + std::string(action) + ": " +
                        std::generic_category().message(error));
}

}  // namespace tlite

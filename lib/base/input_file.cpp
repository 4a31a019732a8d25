#include "base/input_file.hpp"

#include "base/file.hpp"
#include "base/file_descriptor.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tlite/error.hpp>

namespace tlite {
namespace {

[[noreturn]] void throw_errno(int error, std::string_view path, std::string_view action) {
  const ErrorCode code = error == ENOENT || error == ENOTDIR ? ErrorCode::not_found : ErrorCode::io;
  throw Error(code, quoted_if_empty(path) + ": cannot " + std::string(action) + ": " +
                        std::generic_category().message(error));
}

[[noreturn]] void throw_changed(const std::string& path, std::uint64_t size, std::uint64_t now) {
  throw Error(ErrorCode::corrupt, path + ": truncated: it had " + std::to_string(size) +
                                      " bytes when it was opened and ends at byte " +
                                      std::to_string(now));
}

class MappedFile final : public FileContent {
 public:
  // Throws io, naming `path`.
  MappedFile(int file, std::size_t size, const std::string& path) : size_(size) {
    if (size == 0) return;
    data_ = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
    if (data_ == MAP_FAILED) throw_errno(errno, path, "map");
  }
  ~MappedFile() override {
    if (size_ > 0) ::munmap(data_, size_);
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const noexcept override {
    return {static_cast<const std::byte*>(data_), size_};
  }
  void will_read(std::span<const std::byte> part) const noexcept override {
    advise(part, MADV_WILLNEED);
  }
  // The pages stay in the system's cache, but no longer count as ours.
  void was_read(std::span<const std::byte> part) const noexcept override {
    advise(part, MADV_DONTNEED);
  }

 private:
  // From the first page that `part` touches to the last. For read-only pages of a file no advice
  // can do harm: what is dropped and wanted again is mapped again.
  static void advise(std::span<const std::byte> part, int advice) noexcept {
    if (part.empty()) return;
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    const auto begin = reinterpret_cast<std::uintptr_t>(part.data());
    const std::uintptr_t first = begin / page * page;
    ::madvise(reinterpret_cast<void*>(first), begin + part.size() - first, advice);
  }

  void* data_ = nullptr;
  std::size_t size_;
};

std::size_t size_of_file(int file, const std::string& path) {
  struct stat status = {};
  if (::fstat(file, &status) != 0) throw_errno(errno, path, "read");
  if (S_ISDIR(status.st_mode)) throw_errno(EISDIR, path, "read");
  return static_cast<std::size_t>(status.st_size);
}

}  // namespace

InputFile::InputFile(const FileSystem& files, std::string_view path) : path_(path) {
  if (!are_systems(files)) {
    content_ = files.open(path);
    size_ = content_->bytes().size();
    return;
  }
  file_ = open_descriptor(path_.c_str(), O_RDONLY);
  if (file_ < 0) throw_errno(errno, path, "open");
  try {
    size_ = size_of_file(file_, path_);
  } catch (...) {
    ::close(file_);
    throw;
  }
}

InputFile::~InputFile() {
  if (file_ >= 0) ::close(file_);
}

InputFile::InputFile(InputFile&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      content_(std::move(other.content_)),
      size_(other.size_) {}

void InputFile::read(std::size_t offset, std::span<std::byte> out) const {
  if (content_) {
    const std::span<const std::byte> bytes = content_->bytes();
    if (offset > bytes.size() || out.size() > bytes.size() - offset) {
      throw_changed(path_, size_, bytes.size());
    }
    if (!out.empty()) std::memcpy(out.data(), bytes.data() + offset, out.size());
    return;
  }
  while (!out.empty()) {
    const ssize_t got = ::pread(file_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_errno(errno, path_, "read");
    if (got == 0) throw_changed(path_, size_, size_of_file(file_, path_));
    offset += static_cast<std::size_t>(got);
    out = out.subspan(static_cast<std::size_t>(got));
  }
}

std::unique_ptr<FileContent> InputFile::map() && {
  if (content_) return std::move(content_);
  if (const std::size_t now = size_of_file(file_, path_); now != size_) {
    throw_changed(path_, size_, now);
  }
  return std::make_unique<MappedFile>(file_, size_, path_);
}

}  // namespace tlite

#include "base/file.hpp"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <system_error>

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

class MappedFile final : public FileContent {
 public:
  explicit MappedFile(std::string_view path) {
    const std::string name(path);
    const int file = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) throw_errno(errno, path, "open");
    struct stat status = {};
    if (::fstat(file, &status) != 0 || S_ISDIR(status.st_mode)) {
      const int error = S_ISDIR(status.st_mode) ? EISDIR : errno;
      ::close(file);
      throw_errno(error, path, "read");
    }
    size_ = static_cast<std::size_t>(status.st_size);
    if (size_ > 0) {
      data_ = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, file, 0);
      if (data_ == MAP_FAILED) {
        const int error = errno;
        ::close(file);
        throw_errno(error, path, "map");
      }
    }
    ::close(file);
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
  std::size_t size_ = 0;
};

class SystemFiles final : public FileSystem {
 public:
  bool is_directory(std::string_view path) const override {
    struct stat status = {};
    return ::stat(std::string(path).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }
  bool exists(std::string_view path) const override {
    struct stat status = {};
    return ::stat(std::string(path).c_str(), &status) == 0;
  }
  std::unique_ptr<FileContent> open(std::string_view path) const override {
    return std::make_unique<MappedFile>(path);
  }
  std::vector<std::string> list(std::string_view directory) const override {
    std::vector<std::string> names;
    std::error_code ignored;  // what cannot be listed holds nothing for us
    for (std::filesystem::directory_iterator item(std::string(directory), ignored), end;
         !ignored && item != end; item.increment(ignored)) {
      names.push_back(item->path().filename().string());
    }
    return names;
  }
};

}  // namespace

FileContent::~FileContent() = default;
void FileContent::will_read(std::span<const std::byte>) const noexcept {}
void FileContent::was_read(std::span<const std::byte>) const noexcept {}
FileSystem::~FileSystem() = default;
std::vector<std::string> FileSystem::list(std::string_view) const { return {}; }

std::shared_ptr<const FileSystem> system_files() { return std::make_shared<SystemFiles>(); }

std::shared_ptr<const FileSystem> files_of(const Host& host) {
  return host.files ? host.files : system_files();
}

std::optional<FileStamp> file_stamp(const std::string& path) noexcept {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  const std::uint64_t seconds = static_cast<std::uint64_t>(status.st_mtim.tv_sec);
  const std::uint64_t nanoseconds = static_cast<std::uint64_t>(status.st_mtim.tv_nsec);
  return FileStamp{static_cast<std::uint64_t>(status.st_size),
                   seconds * 1'000'000'000U + nanoseconds};
}

std::string join_path(std::string_view directory, std::string_view name) {
  std::string path(directory);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

std::string path_name(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos ? path : path.substr(slash + 1));
}

std::string quoted_if_empty(std::string_view path) {
  return path.empty() ? "''" : std::string(path);
}

void refuse_lfs_pointer(std::span<const std::byte> bytes, std::string_view path) {
  constexpr std::string_view kPointer = "version https://git-lfs";
  if (bytes.size() < kPointer.size() ||
      std::memcmp(bytes.data(), kPointer.data(), kPointer.size()) != 0) {
    return;
  }
  throw Error(ErrorCode::corrupt,
              std::string(path) +
                  ": this is a Git LFS pointer, not the file it points to; run `git lfs pull`");
}

std::string read_text(const FileSystem& files, std::string_view path, std::size_t max_bytes) {
  const std::unique_ptr<FileContent> file = files.open(path);
  const std::span<const std::byte> bytes = file->bytes();
  refuse_lfs_pointer(bytes, path);
  if (bytes.size() > max_bytes) {
    throw Error(ErrorCode::corrupt, std::string(path) + ": " + std::to_string(bytes.size()) +
                                        " bytes, where at most " + std::to_string(max_bytes) +
                                        " make sense");
  }
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

}  // namespace tlite

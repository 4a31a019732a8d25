#include "base/file.hpp"

#include "base/input_file.hpp"

#include <cstring>
#include <filesystem>
#include <system_error>

#include <sys/stat.h>

#include <tlite/error.hpp>

namespace tlite {
namespace {

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
    return InputFile(*this, path).map();
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

bool are_systems(const FileSystem& files) noexcept {
  return dynamic_cast<const SystemFiles*>(&files) != nullptr;
}

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
  const InputFile file(files, path);
  if (file.size() > max_bytes) {
    throw Error(ErrorCode::corrupt, std::string(path) + ": " + std::to_string(file.size()) +
                                        " bytes, where at most " + std::to_string(max_bytes) +
                                        " make sense");
  }
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  refuse_lfs_pointer(std::as_bytes(std::span(text)), path);
  return text;
}

}  // namespace tlite

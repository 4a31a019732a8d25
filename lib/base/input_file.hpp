// A file that is read piece by piece. Reading is safe where mapping is not: of a file that another
// program cuts short meanwhile, or that lies on a disk that goes away, a read is an error, a look
// into the mapping the end of the process (SIGBUS). So all but weights is read.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

class InputFile {
 public:
  // One of the operating system's, where `files` is system_files(), else the host's content. Throws
  // not_found, io.
  InputFile(const FileSystem& files, std::string_view path);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;

  const std::string& path() const noexcept { return path_; }
  std::size_t size() const noexcept { return size_; }  // when it was opened
  // It is the operating system's: reading it takes memory of ours, and closing it changes nothing
  // for what was read.
  bool is_systems() const noexcept { return content_ == nullptr; }

  // The bytes from `offset` on. Any thread. Throws io, and corrupt where the file ends before.
  void read(std::size_t offset, std::span<std::byte> out) const;

  // The whole file in one piece: the operating system's mapped, or the host's content as it is.
  // Throws io, and corrupt where its size has changed.
  std::unique_ptr<FileContent> map() &&;

 private:
  std::string path_;
  int file_ = -1;
  std::unique_ptr<FileContent> content_;
  std::size_t size_ = 0;
};

}  // namespace tlite

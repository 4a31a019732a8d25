// A file that appears whole or not at all: written under another name beside its place, and renamed
// when it is complete.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace tlite {

class OutputFile {
 public:
  // Begins "PATH.part-NUMBER"; `path` itself is not touched before commit(). Throws Error(io) or
  // Error(not_found), naming the path, as everything below does.
  explicit OutputFile(std::string_view path);
  // Removes what was not committed.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  const std::string& path() const noexcept { return path_; }

  // Takes the room for a file of this size, where the file system can: better to hear of a full
  // disk now than after minutes of work.
  void reserve(std::uint64_t bytes);
  void write(std::span<const std::byte> bytes);
  // Everything on the disk, then the file in its place. Nothing is written after.
  void commit();

 private:
  [[noreturn]] void fail(int error, std::string_view action) const;

  std::string path_;
  std::string partial_;
  std::uint64_t written_ = 0;
  int file_ = -1;
};

}  // namespace tlite

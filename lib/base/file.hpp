// Files: the operating system's as the default FileSystem, and what loaders need on top of any.
// Paths are UTF-8 everywhere, Windows included (users lose Cyrillic paths: llama.cpp#18571).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <tlite/host.hpp>

namespace tlite {

// The operating system's files, mapped read-only. Never null; without state.
std::shared_ptr<const FileSystem> system_files();

// They are what system_files() gives, and no host's.
bool are_systems(const FileSystem& files) noexcept;

// host.files, or the operating system's.
std::shared_ptr<const FileSystem> files_of(const Host& host);

// What tells that a file of the operating system was changed.
struct FileStamp {
  std::uint64_t size = 0;
  std::uint64_t modified = 0;  // nanoseconds
};
std::optional<FileStamp> file_stamp(const std::string& path) noexcept;

// "dir" + "name" with one '/' between.
std::string join_path(std::string_view directory, std::string_view name);

// The last part of a path: "a/b/" and "a/b" give "b".
std::string path_name(std::string_view path);

// A path at the head of a message; '' where it is empty, which would leave a bare colon.
std::string quoted_if_empty(std::string_view path);

// Throws Error(corrupt) where the bytes are what Git leaves in place of a large file that was not
// fetched: the format's own complaint would send its reader the wrong way.
void refuse_lfs_pointer(std::span<const std::byte> bytes, std::string_view path);

// A whole file as text, read and not mapped. Throws like InputFile, and Error(corrupt) above
// `max_bytes`: a configuration file of gigabytes is a mistake or an attack.
std::string read_text(const FileSystem& files, std::string_view path, std::size_t max_bytes);

}  // namespace tlite

#include "format/gguf_path.hpp"

#include "base/file.hpp"
#include "base/input_file.hpp"

#include <algorithm>
#include <span>
#include <vector>

#include <tlite/error.hpp>

namespace tlite {
namespace {

constexpr std::string_view kSuffix = ".gguf";
constexpr std::size_t kPartDigits = 5;

bool has_suffix(std::string_view path) noexcept {
  if (path.size() < kSuffix.size()) return false;
  const std::string_view end = path.substr(path.size() - kSuffix.size());
  return std::equal(end.begin(), end.end(), kSuffix.begin(), [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string five_digits(std::int64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(digits.size() < kPartDigits ? kPartDigits - digits.size() : 0, '0') + digits;
}

// "...-00002-of-00003.gguf", and any other part but the first.
bool is_later_part(std::string_view name) noexcept {
  constexpr std::string_view kPattern = "-#####-of-#####";
  if (name.size() < kPattern.size() + kSuffix.size()) return false;
  const std::string_view tail =
      name.substr(name.size() - kPattern.size() - kSuffix.size(), kPattern.size());
  const bool fits = std::equal(tail.begin(), tail.end(), kPattern.begin(), [](char c, char p) {
    return p == '#' ? c >= '0' && c <= '9' : c == p;
  });
  return fits && tail.substr(1, kPartDigits) != "00001";
}

// More than the magic is read, to tell a pointer of Git LFS, which lies where the file was not
// fetched.
bool begins_with_magic(std::string_view path, const FileSystem& files) {
  const InputFile file(files, path);
  std::string begin(std::min<std::size_t>(file.size(), 64), '\0');
  file.read(0, std::as_writable_bytes(std::span(begin)));
  refuse_lfs_pointer(std::as_bytes(std::span(begin)), path);
  return begin.starts_with("GGUF");
}

std::optional<std::string> only_gguf_in(std::string_view directory, const FileSystem& files) {
  std::vector<std::string> names = files.list(directory);
  std::erase_if(names, [](const std::string& n) { return !has_suffix(n) || is_later_part(n); });
  if (names.empty()) return std::nullopt;
  if (names.size() == 1) return join_path(directory, names.front());
  std::sort(names.begin(), names.end());
  throw Error(ErrorCode::invalid_argument, std::string(directory) + ": it holds " +
                                               std::to_string(names.size()) +
                                               " models, name one: " + names[0] + ", " + names[1] +
                                               (names.size() > 2 ? ", ..." : ""));
}

}  // namespace

std::string gguf_part_suffix(std::int64_t part, std::int64_t parts) {
  return "-" + five_digits(part) + "-of-" + five_digits(parts) + std::string(kSuffix);
}

std::optional<std::string> find_gguf(std::string_view path, const FileSystem& files,
                                     std::initializer_list<std::string_view> own_files) {
  if (files.is_directory(path)) {
    for (const std::string_view name : own_files) {
      if (files.exists(join_path(path, name))) return std::nullopt;
    }
    return only_gguf_in(path, files);
  }
  if (has_suffix(path)) return std::string(path);
  // tokenizer.json and its like are never opened twice.
  if (path.ends_with(".json") || !files.exists(path)) return std::nullopt;
  return begins_with_magic(path, files) ? std::optional(std::string(path)) : std::nullopt;
}

}  // namespace tlite

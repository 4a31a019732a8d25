// A file system in memory: the host's own FileSystem, as a game's archive would give it.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <tlite/error.hpp>
#include <tlite/host.hpp>

namespace tlite::test {

class MemoryFiles final : public FileSystem {
 public:
  std::string& operator[](const std::string& path) { return files_[path]; }
  const std::map<std::string, std::string>& all() const { return files_; }
  void remove(const std::string& path) { files_.erase(path); }

  bool is_directory(std::string_view path) const override {
    const std::string prefix = std::string(path) + "/";
    const auto found = files_.lower_bound(prefix);
    return found != files_.end() && found->first.starts_with(prefix);
  }
  bool exists(std::string_view path) const override {
    return files_.contains(std::string(path)) || is_directory(path);
  }
  std::unique_ptr<FileContent> open(std::string_view path) const override {
    const auto found = files_.find(std::string(path));
    if (found == files_.end()) {
      throw Error(ErrorCode::not_found, std::string(path) + ": not in memory");
    }
    return std::make_unique<View>(found->second);
  }

 private:
  class View final : public FileContent {
   public:
    explicit View(const std::string& text) : text_(text) {}
    std::span<const std::byte> bytes() const noexcept override {
      return std::as_bytes(std::span(text_));
    }

   private:
    const std::string& text_;
  };

  std::map<std::string, std::string> files_;
};

}  // namespace tlite::test

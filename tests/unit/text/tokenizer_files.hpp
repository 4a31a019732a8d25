// Tokenizers for tests: the small ones of tests/golden, and files that exist in memory alone.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/host.hpp>
#include <tlite/tokenizer.hpp>

namespace tlite {

class MemoryFiles final : public FileSystem {
 public:
  explicit MemoryFiles(std::map<std::string, std::string, std::less<>> files)
      : files_(std::move(files)) {}
  bool is_directory(std::string_view path) const override { return path == "model"; }
  bool exists(std::string_view path) const override { return files_.find(path) != files_.end(); }
  std::unique_ptr<FileContent> open(std::string_view path) const override {
    const auto file = files_.find(path);
    if (file == files_.end()) throw Error(ErrorCode::not_found, std::string(path) + ": not found");
    return std::make_unique<Content>(file->second);
  }

 private:
  class Content final : public FileContent {
   public:
    explicit Content(std::string text) : text_(std::move(text)) {}
    std::span<const std::byte> bytes() const noexcept override {
      return std::as_bytes(std::span(text_));
    }

   private:
    std::string text_;
  };
  std::map<std::string, std::string, std::less<>> files_;
};

inline std::string golden_tokenizer(std::string_view kind) {
  return std::string(TLITE_SOURCE_DIR "/tests/golden/data/tokenizer/").append(kind);
}

// From the text of tokenizer.json, and of tokenizer_config.json unless empty.
inline Tokenizer load_json(std::string json, std::string config = {}) {
  std::map<std::string, std::string, std::less<>> files{{"model/tokenizer.json", std::move(json)}};
  if (!config.empty()) files.emplace("model/tokenizer_config.json", std::move(config));
  Host host;
  host.files = std::make_shared<MemoryFiles>(std::move(files));
  return Tokenizer::load("model", host);
}

}  // namespace tlite

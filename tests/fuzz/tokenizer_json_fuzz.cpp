// Any bytes as tokenizer.json, and those after a NUL as tokenizer_config.json: they load or they
// throw tlite::Error; what loads encodes and decodes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include <tlite/error.hpp>
#include <tlite/tokenizer.hpp>

namespace {

class Content final : public tlite::FileContent {
 public:
  explicit Content(std::string text) : text_(std::move(text)) {}
  std::span<const std::byte> bytes() const noexcept override {
    return std::as_bytes(std::span(text_));
  }

 private:
  std::string text_;
};

class Files final : public tlite::FileSystem {
 public:
  explicit Files(std::string_view data) {
    const std::size_t end = data.find('\0');
    tokenizer_ = data.substr(0, end);
    has_config_ = end != std::string_view::npos;
    if (has_config_) config_ = data.substr(end + 1);
  }
  bool is_directory(std::string_view path) const override { return path == "m"; }
  bool exists(std::string_view path) const override {
    return path == "m/tokenizer.json" || (has_config_ && path == "m/tokenizer_config.json");
  }
  std::unique_ptr<tlite::FileContent> open(std::string_view path) const override {
    return std::make_unique<Content>(path == "m/tokenizer.json" ? tokenizer_ : config_);
  }

 private:
  std::string tokenizer_;
  std::string config_;
  bool has_config_ = false;
};

void use(const tlite::Tokenizer& tokenizer, std::string_view data) {
  const std::string_view text = data.substr(0, 256);
  for (const bool special : {true, false}) {
    const auto ids = tokenizer.encode(text, {.parse_special = special});
    const std::string decoded = tokenizer.decode(ids);
    tlite::StreamDecoder stream(tokenizer);
    std::string streamed;
    for (const tlite::TokenId id : ids) streamed += stream.push(id);
    streamed += stream.finish();
    if (streamed != decoded) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view data(reinterpret_cast<const char*>(bytes), size);
  tlite::Host host;
  host.files = std::make_shared<Files>(data);
  try {
    use(tlite::Tokenizer::load("m", host), data);
  } catch (const tlite::Error&) {
  }
  return 0;
}

// GGUF files of any bytes: read or refused, by every reader of the metadata, and every tensor lies
// inside the file.
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_model.hpp"
#include "tensor/finite.hpp"
#include "text/tokenizer_impl.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tlite/error.hpp>

namespace {

using namespace tlite;

// One file, under any name.
class OneFile final : public FileSystem {
 public:
  explicit OneFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  bool is_directory(std::string_view) const override { return false; }
  bool exists(std::string_view) const override { return true; }
  std::unique_ptr<FileContent> open(std::string_view) const override {
    return std::make_unique<Content>(bytes_);
  }

 private:
  class Content final : public FileContent {
   public:
    explicit Content(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes() const noexcept override { return bytes_; }

   private:
    std::span<const std::byte> bytes_;
  };
  std::span<const std::byte> bytes_;
};

template <class Call>
void read_or_refuse(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    if (error.code() == ErrorCode::internal) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span<const std::byte> bytes = std::as_bytes(std::span(data, size));
  read_or_refuse([&] {
    const GgufFile file(bytes, "fuzz");
    // Reads every byte of every tensor; a range outside the file is a finding of ASan.
    for (const StoredTensor& tensor : file.tensors().tensors) {
      first_non_finite(tensor.type, tensor.data);
    }
    read_or_refuse([&] { read_gguf_config(file, 1, false); });
    read_or_refuse([&] {
      std::vector<std::string> warnings;
      read_gguf_generation(file, warnings);
    });
    read_or_refuse([&] { gguf_special_id_warnings(file); });
    read_or_refuse([&] { read_gguf_eos_token_ids(file); });
    read_or_refuse([&] { read_gguf_chat_template(file); });
    read_or_refuse(
        [&] { Tokenizer(std::make_shared<Tokenizer::Impl>(read_gguf_tokenizer(file))); });
  });
  for (const WeightAccess access : {WeightAccess::map, WeightAccess::read}) {
    read_or_refuse([&] { open_gguf("fuzz-00001-of-00002.gguf", OneFile(bytes), access); });
  }
  return 0;
}

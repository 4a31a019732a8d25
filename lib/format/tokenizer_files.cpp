// The body of a function of text/'s Tokenizer that must lie here: text/ is below format/ and knows
// no GGUF.
#include "base/file.hpp"
#include "format/gguf_checkpoint.hpp"
#include "format/gguf_model.hpp"
#include "format/gguf_path.hpp"
#include "text/load.hpp"
#include "text/tokenizer_impl.hpp"

#include <memory>

#include <tlite/tokenizer.hpp>

namespace tlite {

Tokenizer Tokenizer::load(std::string_view path, const Host& host) {
  const std::shared_ptr<const FileSystem> files = files_of(host);
  if (const auto file = find_gguf(path, *files, {"tokenizer.json", "vocab.json"})) {
    const GgufContent gguf = open_gguf_file(*file, *files);
    return Tokenizer(std::make_shared<const Impl>(read_gguf_tokenizer(gguf.file)));
  }
  return text::load_tokenizer(path, *files);
}

}  // namespace tlite

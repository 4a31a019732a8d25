#include "base/file.hpp"
#include "text/load.hpp"

#include <tlite/tokenizer.hpp>

namespace tlite {

Tokenizer Tokenizer::load(std::string_view path, const Host& host) {
  return text::load_tokenizer(path, *files_of(host));
}

}  // namespace tlite

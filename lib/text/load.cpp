#include "text/load.hpp"

#include "base/file.hpp"
#include "text/tokenizer_impl.hpp"
#include "text/tokenizer_json.hpp"

#include <memory>
#include <string>

namespace tlite::text {

TokenizerSpec load_tokenizer_spec(std::string_view path, const FileSystem& files) {
  const bool is_directory = files.is_directory(path);
  const std::string tokenizer_path =
      is_directory ? join_path(path, "tokenizer.json") : std::string(path);
  const std::string name = path_name(tokenizer_path);
  const std::string folder = tokenizer_path.substr(0, tokenizer_path.size() - name.size());
  TokenizerSpec spec = parse_tokenizer_json(files.open(tokenizer_path)->bytes(), tokenizer_path);
  const std::string config_path = folder + "tokenizer_config.json";
  if (files.exists(config_path)) {
    apply_tokenizer_config(spec, files.open(config_path)->bytes(), config_path);
  }
  return spec;
}

Tokenizer load_tokenizer(std::string_view path, const FileSystem& files) {
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(load_tokenizer_spec(path, files)));
}

}  // namespace tlite::text

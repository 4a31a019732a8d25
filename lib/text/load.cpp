#include "text/load.hpp"

#include "base/file.hpp"
#include "text/json_field.hpp"
#include "text/tokenizer_impl.hpp"
#include "text/tokenizer_json.hpp"

#include <memory>
#include <string>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// A file beside the vocabulary, kept while it is used.
struct SideFile {
  SideFile(const FileSystem& files, const std::string& path) : name(path) {
    if (files.exists(path)) text = read_text(files, path, kMaxFileBytes);
  }
  TokenizerSideFile side() const { return {bytes_of(text), name}; }
  std::string name;
  std::string text;
};

// The texts live until the end of the call; the spec keeps copies.
TokenizerSpec load_older_form(const std::string& folder, const FileSystem& files) {
  const std::string vocabulary = folder + "vocab.json";
  const std::string merges = folder + "merges.txt";
  return parse_vocabulary_and_merges(bytes_of(read_text(files, vocabulary, kMaxFileBytes)),
                                     vocabulary, read_text(files, merges, kMaxFileBytes), merges);
}

}  // namespace

// The side files are read and held until they are applied: apply_side_files gets views of them.
TokenizerSpec load_tokenizer_spec(std::string_view path, const FileSystem& files) {
  const bool is_directory = files.is_directory(path);
  const std::string tokenizer_path =
      is_directory ? join_path(path, "tokenizer.json") : std::string(path);
  const std::string name = path_name(tokenizer_path);
  const std::string folder = tokenizer_path.substr(0, tokenizer_path.size() - name.size());
  const bool older = is_directory && !files.exists(tokenizer_path) &&
                     files.exists(folder + "vocab.json") && files.exists(folder + "merges.txt");
  TokenizerSpec spec =
      older ? load_older_form(folder, files)
            : parse_tokenizer_json(bytes_of(read_text(files, tokenizer_path, kMaxFileBytes)),
                                   tokenizer_path);
  const SideFile config(files, folder + "tokenizer_config.json");
  const SideFile map(files, folder + "special_tokens_map.json");
  const SideFile added(files, folder + "added_tokens.json");
  apply_side_files(spec, config.side(), map.side(), added.side(), older);
  return spec;
}

Tokenizer load_tokenizer(std::string_view path, const FileSystem& files) {
  return Tokenizer(std::make_shared<const Tokenizer::Impl>(load_tokenizer_spec(path, files)));
}

}  // namespace tlite::text

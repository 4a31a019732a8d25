#include "format/gguf_path.hpp"

#include "base/file.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/gguf_builder.hpp"

#include <fstream>
#include <optional>
#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::MemoryFiles;
using test::TemporaryDirectory;

using Found = std::optional<std::string>;

Found find(const std::string& path) { return find_gguf(path, *system_files(), {"own.json"}); }

void write(const TemporaryDirectory& directory, const std::string& name, const std::string& text) {
  std::ofstream(directory.path() + "/" + name, std::ios::binary) << text;
}

}  // namespace

TEST_CASE("format/gguf_path: a file counts by its first bytes, or by its name") {
  MemoryFiles files;
  files["blobs/sha256-0123"] = "GGUF and more";
  files["short"] = "GGU";
  files["x.GGUF"] = "anything";
  files["x.json"] = "GGUF";
  files["pointer"] = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 15\n";
  const auto in_memory = [&](const char* path) { return find_gguf(path, files, {}); };
  CHECK(in_memory("blobs/sha256-0123") == Found("blobs/sha256-0123"));
  CHECK(in_memory("x.GGUF") == Found("x.GGUF"));
  for (const char* const path : {"short", "x.json", "nothing", "", "blobs"}) {
    CHECK_FALSE(in_memory(path).has_value());
  }
  CHECK(error_of([&] { in_memory("pointer"); }) ==
        "corrupt: pointer: this is a Git LFS pointer, not the file it points to; run `git lfs "
        "pull`");
}

TEST_CASE("format/gguf_path: a directory stands for the one model in it") {
  const TemporaryDirectory directory("модели gguf");
  const std::string& path = directory.path();
  CHECK_FALSE(find(path).has_value());
  write(directory, "README.md", "");
  write(directory, "m-00001-of-00002.gguf", "GGUF");
  write(directory, "m-00002-of-00002.gguf", "GGUF");
  CHECK(find(path) == Found(path + "/m-00001-of-00002.gguf"));
  CHECK(find(path + "/") == Found(path + "/m-00001-of-00002.gguf"));
  write(directory, "n.gguf", "GGUF");
  CHECK(error_of([&] { find(path); }) ==
        "invalid_argument: " + path +
            ": it holds 2 models, name one: m-00001-of-00002.gguf, n.gguf");
  write(directory, "own.json", "");
  CHECK_FALSE(find(path).has_value());
}

TEST_CASE("format/gguf_path: model, tokenizer and template are read from such a path") {
  const TemporaryDirectory directory("gguf-alone");
  write(directory, "sha256-0123", test::tiny_gguf().bytes());
  const std::string blob = directory.path() + "/sha256-0123";
  const Model model = Model::load(blob);
  CHECK(model.info().format == "gguf");
  CHECK(Tokenizer::load(blob).vocabulary_size() == model.tokenizer().vocabulary_size());
  CHECK(ChatTemplate::load(blob).source() == test::tiny_template());
  write(directory, "m.gguf", test::tiny_gguf().bytes());
  CHECK(Model::load(directory.path()).info().path == directory.path() + "/m.gguf");
  CHECK(Tokenizer::load(directory.path()).eos_token() == model.tokenizer().eos_token());
  CHECK(ChatTemplate::load(directory.path()).source() == test::tiny_template());
  // What a repository of GGUF files has beside them does not make it one of safetensors.
  write(directory, "config.json", "{}");
  CHECK(Model::load(directory.path()).info().format == "gguf");
}

}  // namespace tlite

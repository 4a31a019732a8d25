#include "base/input_file.hpp"

#include "base/file.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/memory_files.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <utility>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;
using test::TemporaryDirectory;

std::string read(const InputFile& file, std::size_t offset, std::size_t size) {
  std::string text(size, '?');
  file.read(offset, std::as_writable_bytes(std::span(text)));
  return text;
}

struct Disk {
  TemporaryDirectory folder{"файл"};
  std::string path = folder.path() + "/a";
  explicit Disk(const std::string& text) { std::ofstream(path, std::ios::binary) << text; }
};

}  // namespace

TEST_CASE("base/input_file: any part of a file, the system's or the host's") {
  const Disk disk("0123456789");
  test::MemoryFiles memory;
  memory["a"] = "0123456789";
  for (const bool systems : {true, false}) {
    InputFile file = systems ? InputFile(*system_files(), disk.path) : InputFile(memory, "a");
    CHECK(file.is_systems() == systems);
    CHECK(file.path() == (systems ? disk.path : "a"));
    CHECK(file.size() == 10);
    CHECK(read(file, 0, 10) == "0123456789");
    CHECK(read(file, 7, 3) == "789");
    CHECK(read(file, 10, 0).empty());
    CHECK(error_of([&] { read(file, 8, 3); }) ==
          "corrupt: " + file.path() +
              ": truncated: it had 10 bytes when it was opened and ends at byte 10");
    const std::unique_ptr<FileContent> content = std::move(file).map();
    CHECK(content->bytes().size() == 10);
    CHECK(content->bytes()[9] == std::byte{'9'});
  }
}

TEST_CASE("base/input_file: a file that is cut short while it is open is an error") {
  const Disk disk(std::string(100'000, 'x'));
  InputFile file(*system_files(), disk.path);
  std::filesystem::resize_file(disk.path, 5);
  const std::string error =
      "corrupt: " + disk.path +
      ": truncated: it had 100000 bytes when it was opened and ends at byte 5";
  CHECK(read(file, 0, 5) == "xxxxx");
  CHECK(error_of([&] { read(file, 0, 6); }) == error);
  CHECK(error_of([&] { read(file, 50'000, 1); }) == error);
  CHECK(error_of([&] { std::move(file).map(); }) == error);
}

TEST_CASE("base/input_file: a file that is replaced while it is open stays what it was") {
  const Disk disk("the old one");
  InputFile file(*system_files(), disk.path);
  std::filesystem::remove(disk.path);
  std::ofstream(disk.path) << "another";
  CHECK(read(file, 0, 11) == "the old one");
  CHECK(std::move(file).map()->bytes().size() == 11);
}

TEST_CASE("base/input_file: what cannot be opened or read") {
  const TemporaryDirectory folder("f");
  const auto opened = [](const std::string& path) {
    return error_of([&] { InputFile(*system_files(), path); });
  };
  CHECK(opened("") == "not_found: '': cannot open: No such file or directory");
  CHECK(opened(folder.path() + "/no") ==
        "not_found: " + folder.path() + "/no: cannot open: No such file or directory");
  CHECK(opened(folder.path()) == "io: " + folder.path() + ": cannot read: Is a directory");
}

}  // namespace tlite

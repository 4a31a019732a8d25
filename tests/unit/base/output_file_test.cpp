#include "base/output_file.hpp"

#include "base/file.hpp"
#include "unit/support/errors.hpp"
#include "unit/support/file_size_limit.hpp"
#include "unit/support/tiny_checkpoint.hpp"

#include <filesystem>
#include <iterator>
#include <memory>
#include <span>
#include <string>

#include <doctest/doctest.h>

namespace tlite {
namespace {

using test::error_of;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string content(const std::string& path) { return read_text(*system_files(), path, 1 << 20); }

std::ptrdiff_t files_in(const std::string& folder) {
  return std::distance(std::filesystem::directory_iterator(folder), {});
}

}  // namespace

TEST_CASE("base/output_file: a file appears whole, and what was there stays until then") {
  const test::TemporaryDirectory folder("файлы");
  const std::string path = folder.path() + "/out";
  {
    OutputFile file(path);
    file.reserve(8);
    file.write(bytes_of("half"));
    CHECK_FALSE(std::filesystem::exists(path));
    file.write(bytes_of("half"));
    file.commit();
    CHECK(content(path) == "halfhalf");
  }
  {
    OutputFile file(path);
    file.write(bytes_of("other"));
    CHECK(content(path) == "halfhalf");
  }
  CHECK(content(path) == "halfhalf");
  OutputFile first(path);
  OutputFile second(path);
  first.write(bytes_of("1"));
  second.write(bytes_of("2"));
  second.commit();
  first.commit();
  CHECK(content(path) == "1");
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("base/output_file: a disk that fills up, and places where there can be no file") {
  const test::TemporaryDirectory folder("full");
  const std::string path = folder.path() + "/out";
  {
    const test::FileSizeLimit limit(1000);
    CHECK(error_of([&] { OutputFile(path).reserve(1001); }) ==
          "io: " + path + ": cannot write: File too large");
    CHECK(error_of([&] {
            OutputFile file(path);
            file.write(bytes_of(std::string(600, 'a')));
            file.write(bytes_of(std::string(600, 'b')));
          }) == "io: " + path + ": cannot write: File too large");
  }
  CHECK(files_in(folder.path()) == 0);
  CHECK(error_of([&] { OutputFile(folder.path() + "/none/out"); }) ==
        "not_found: " + folder.path() + "/none/out: cannot write: No such file or directory");
  CHECK(error_of([&] { OutputFile file(folder.path()); }) ==
        "io: " + folder.path() + ": cannot write: Is a directory");
}

}  // namespace tlite

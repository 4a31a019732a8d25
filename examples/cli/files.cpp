#include "files.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <stdexcept>
#include <system_error>

#include <nlohmann/json.hpp>

namespace cli {
namespace {

std::string read_all(std::istream& in) {
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

}  // namespace

void fail_file(const std::string& path, const std::string& action) {
  throw std::runtime_error((path.empty() ? "''" : path) + ": cannot " + action + ": " +
                           std::generic_category().message(errno));
}

std::string needs_real_file(const std::string& path) {
  return path == "-" ? "a pipe will not do; name a file" : "";
}

std::string read_file(const std::string& path) {
  if (path == "-") return read_all(std::cin);
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) {
    errno = EISDIR;
    fail_file(path, "read");
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail_file(path, "open");
  std::string text = read_all(file);
  if (file.bad()) fail_file(path, "read");
  return text;
}

std::string read_json_file(const std::string& path) {
  std::string text = read_file(path);
  try {
    // Throws at the first place that is not JSON; builds nothing.
    const auto build_nothing = [](int, nlohmann::json::parse_event_t, const nlohmann::json&) {
      return false;
    };
    [[maybe_unused]] const auto nothing = nlohmann::json::parse(text, build_nothing);
  } catch (const nlohmann::json::parse_error& error) {
    const std::string what = error.what();
    const std::size_t begin = what.find("parse error");  // behind the library's own number
    throw std::runtime_error(path + ": not JSON: " + what.substr(std::min(begin, what.size())));
  }
  return text;
}

void write_file(const std::string& path, const std::string& text) {
  const std::string partial = path + ".part";
  errno = 0;
  std::ofstream file(partial, std::ios::binary | std::ios::trunc);
  if (!file) fail_file(path, "write");
  file << text;
  file.close();
  if (!file || std::rename(partial.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(partial.c_str());
    errno = error;
    fail_file(path, "write");
  }
}

}  // namespace cli

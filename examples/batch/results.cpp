#include "results.hpp"

#include "requests.hpp"

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

namespace batch {
namespace {

using openai::Json;

[[noreturn]] void fail(const std::string& path, const char* action) {
  throw std::system_error(errno, std::generic_category(), path + ": cannot " + action);
}

}  // namespace

std::set<std::string> read_done(const std::string& path) {
  std::set<std::string> done;
  if (!std::filesystem::exists(path)) return done;
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(path, "open");
  std::uintmax_t whole = 0;
  std::size_t line = 0;
  for (std::string text; std::getline(file, text) && !file.eof();) {
    whole += text.size() + 1;
    const Json json = Json::parse(text, nullptr, false);
    ++line;
    if (!json.is_object() || !json.contains("custom_id") || !json["custom_id"].is_string()) {
      throw LineError(path, line, "no result of a batch: it is not changed; choose another file");
    }
    done.insert(json["custom_id"].get<std::string>());
  }
  if (file.bad()) fail(path, "read");
  file.close();
  if (std::filesystem::file_size(path) > whole) std::filesystem::resize_file(path, whole);
  return done;
}

Results::Results(std::string path)
    : path_(std::move(path)), file_(path_, std::ios::binary | std::ios::app) {
  if (!file_) fail(path_, "write");
}

void Results::write(std::size_t line, const std::string& custom_id, Json response, Json error) {
  const Json result = {{"id", "batch_req_" + std::to_string(line)},
                       {"custom_id", custom_id},
                       {"response", std::move(response)},
                       {"error", std::move(error)}};
  file_ << openai::to_text(result) + "\n";
  if (!file_.flush()) fail(path_, "write");
}

Json response_of(std::size_t line, int status, Json body) {
  return {{"status_code", status},
          {"request_id", "req_" + std::to_string(line)},
          {"body", std::move(body)}};
}

}  // namespace batch

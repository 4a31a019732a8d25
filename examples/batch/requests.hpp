// The requests of a file in OpenAI's batch form: a JSON object a line, each with a custom_id of its
// own.
#pragma once

#include <cstddef>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include <openai/json_fields.hpp>

namespace batch {

// What is wrong with a line of a file: "NAME:LINE: ...".
class LineError : public tlite::Error {
 public:
  LineError(const std::string& name, std::size_t line, const std::string& what)
      : Error(tlite::ErrorCode::invalid_argument, name + ":" + std::to_string(line) + ": " + what),
        line_(line) {}
  std::size_t line() const noexcept { return line_; }  // counted from 1

 private:
  std::size_t line_;
};

// Its lines are looked at twice, so that what is wrong in the last one is known before the first is
// answered, and not all of them lie in memory.
class Requests {
 public:
  // `name` stands for the file in errors, `done` holds the custom_ids of requests that are left
  // out. Throws LineError, and std::system_error for a file that cannot be read.
  Requests(std::string path, std::string name, std::set<std::string> done);

  std::size_t total() const noexcept { return total_; }
  std::size_t skipped() const noexcept { return skipped_; }  // of them, as done
  std::size_t line() const noexcept { return line_; }        // of the one that was read last

  // The next one that is not done.
  std::optional<openai::Json> next();

 private:
  void open();
  std::optional<openai::Json> read();
  std::string custom_id(const openai::Json& json) const;

  std::string path_, name_;
  std::set<std::string> done_;
  std::ifstream file_;
  std::size_t line_ = 0;
  std::size_t total_ = 0;
  std::size_t skipped_ = 0;
};

// Throws tlite::Error where `url` or `method` are no strings, or the latter is not POST. The url.
std::string url_of(const openai::Json& request);

}  // namespace batch

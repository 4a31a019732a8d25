// A file of results in OpenAI's batch form, a line a result, in the order of finishing. It is also
// the record of what is done: it only grows, by whole lines, and who finds one there goes on with
// the requests whose custom_id is not in it. A line that a kill has cut is cut off first; so no
// result is lost and none is there twice.
#pragma once

#include <cstddef>
#include <fstream>
#include <set>
#include <string>

#include <openai/json_fields.hpp>

namespace batch {

// The custom_ids of what an earlier run has written, which may be nothing. A part of a line behind
// it is cut off. Throws LineError for a file that holds something else, and std::system_error.
std::set<std::string> read_done(const std::string& path);

class Results {
 public:
  // Opens it to add to it. Throws std::system_error.
  explicit Results(std::string path);

  // The line of the request that stands in this line of its file; of `response` and `error` one is
  // null. It is handed to the system before this returns. Throws std::system_error.
  void write(std::size_t line, const std::string& custom_id, openai::Json response,
             openai::Json error);

 private:
  std::string path_;
  std::ofstream file_;
};

// {"status_code", "request_id", "body"}.
openai::Json response_of(std::size_t line, int status, openai::Json body);

}  // namespace batch

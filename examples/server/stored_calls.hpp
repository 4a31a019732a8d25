// What calls of /v1/files and /v1/batches have in common.
#pragma once

#include "http.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <openai/json_fields.hpp>

namespace server {

struct StoredCall {
  std::string id;  // what stands in the path for {id}
  http::Request request;
};

http::Response json_response(const openai::Json& body);

// OpenAI's list of those that the query asks for: after, limit (1 to `most`, which it is where none
// is given) and order (asc or desc, the latter where none is given). `all` are in the order of
// creation. Throws openai::FieldError.
openai::Json page_of(const std::vector<openai::Json>& all,
                     const std::map<std::string, std::string>& query, std::size_t most);

// {"anchor": "created_at", "seconds"}: how many seconds something is kept. Throws openai::FieldError, for
// the field `name`.
std::int64_t lifetime_of(const std::string& name, const openai::Json& value);

}  // namespace server

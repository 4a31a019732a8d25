// Bodies of multipart/form-data (RFC 7578, RFC 2046), which files are uploaded in.
//
// Strict: what stands before the first part or behind the last one, lines that end without CR, and
// parts without a name are refused, so that nobody on the way can read another form than this.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace server {

struct Part {
  std::string name;
  std::optional<std::string> filename;
  std::string_view content;  // in the body
};

// Throws openai::FieldError: of the field "content-type" or "body".
std::vector<Part> parse_multipart(std::string_view content_type, std::string_view body);

}  // namespace server

#include "multipart.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include <openai/json_fields.hpp>

namespace server {
namespace {

constexpr std::size_t kMostParts = 32;
constexpr std::size_t kMostHead = 8192;
constexpr std::size_t kMostBoundary = 70;  // RFC 2046

[[noreturn]] void fail(const char* field, const std::string& what) {
  throw openai::FieldError(tlite::ErrorCode::invalid_argument, field,
                           std::string(field) + ": " + what);
}
[[noreturn]] void fail_body(const std::string& what) { fail("body", what); }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t") + 1);
}

// `type; name=value; name="quoted \"value\""`.
class Parameters {
 public:
  Parameters(const char* field, std::string_view text) : field_(field), rest_(text) {
    type_ = trimmed(take_until(";"));
  }
  std::string_view type() const { return type_; }

  // The next one; false: there is none.
  bool next(std::string& name, std::string& value) {
    if (rest_.empty()) return false;
    rest_.remove_prefix(1);  // the semicolon
    name = std::string(trimmed(take_until("=;")));
    if (!rest_.starts_with('=') || name.empty()) fail(field_, "a parameter without a value");
    rest_ = trimmed(rest_.substr(1));
    value = rest_.starts_with('"') ? quoted() : std::string(trimmed(take_until(";")));
    rest_ = trimmed(rest_);
    if (!rest_.empty() && rest_.front() != ';') fail(field_, "text behind a quoted value");
    return true;
  }

 private:
  std::string_view take_until(std::string_view ends) {
    const std::string_view taken = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  // A backslash that hides no quote and no backslash is one: browsers write paths so.
  std::string quoted() {
    std::string out;
    for (std::size_t i = 1; i < rest_.size(); ++i) {
      if (rest_[i] == '"') {
        rest_.remove_prefix(i + 1);
        return out;
      }
      const bool hides =
          rest_[i] == '\\' && i + 1 < rest_.size() && (rest_[i + 1] == '"' || rest_[i + 1] == '\\');
      if (hides) ++i;
      out += rest_[i];
    }
    fail(field_, "a quoted value without an end");
  }

  const char* field_;
  std::string_view rest_;
  std::string_view type_;
};

std::string boundary_of(std::string_view content_type) {
  constexpr const char* kField = "content-type";
  Parameters parameters(kField, content_type);
  if (!is_same_name(parameters.type(), "multipart/form-data")) {
    fail(kField, "it must be multipart/form-data, with a file");
  }
  std::optional<std::string> boundary;
  std::string name, value;
  while (parameters.next(name, value)) {
    if (!is_same_name(name, "boundary")) continue;
    if (boundary) fail(kField, "two boundaries");
    boundary = value;
  }
  // RFC 2046's characters.
  constexpr std::string_view kOthers = "'()+_,-./:=? ";
  const auto may = [&](char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
           kOthers.find(c) != kOthers.npos;
  };
  if (!boundary || boundary->empty() || boundary->size() > kMostBoundary ||
      boundary->back() == ' ' || !std::ranges::all_of(*boundary, may)) {
    fail(kField, "it needs a boundary of 1 to " + std::to_string(kMostBoundary) +
                     " letters, digits and '()+_,-./:=?");
  }
  return *boundary;
}

// `text` up to `end`, which is taken off with it.
std::string_view take(std::string_view& text, std::string_view end, const char* missing) {
  const std::size_t at = text.find(end);
  if (at == text.npos) fail_body(missing);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at + end.size());
  return taken;
}

void read_disposition(std::string_view value, Part& part, bool& is_named) {
  if (is_named) fail_body("a part with two Content-Disposition");
  Parameters parameters("body", value);
  if (!is_same_name(parameters.type(), "form-data")) {
    fail_body("a part whose Content-Disposition is not form-data");
  }
  std::string name, given;
  while (parameters.next(name, given)) {
    if (is_same_name(name, "name")) {
      if (is_named) fail_body("a part with two names");
      part.name = std::move(given);
      is_named = true;
    } else if (is_same_name(name, "filename")) {
      if (part.filename) fail_body("a part with two file names");
      part.filename = std::move(given);
    }
  }
}

Part read_head(std::string_view head) {
  Part part;
  bool is_named = false;
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    const std::size_t colon = line.find(':');
    if (colon == line.npos || colon == 0 || line.find_first_of("\r\n") != line.npos) {
      fail_body("a line in the head of a part that is no header");
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (is_same_name(line.substr(0, colon), "content-disposition")) {
      read_disposition(value, part, is_named);
    } else if (is_same_name(line.substr(0, colon), "content-transfer-encoding") &&
               !is_same_name(value, "binary") && !is_same_name(value, "8bit") &&
               !is_same_name(value, "7bit")) {
      openai::not_supported("body", "the Content-Transfer-Encoding " + openai::to_text(value));
    }
  }
  if (!is_named) fail_body("a part without a name");
  return part;
}

}  // namespace

std::vector<Part> parse_multipart(std::string_view content_type, std::string_view body) {
  const std::string line = "\r\n--" + boundary_of(content_type);
  std::string_view rest = body;
  if (!rest.starts_with(std::string_view(line).substr(2))) {
    fail_body("it does not begin with the boundary that content-type names");
  }
  rest.remove_prefix(line.size() - 2);
  std::vector<Part> parts;
  while (!rest.starts_with("--")) {
    if (!rest.starts_with("\r\n")) fail_body("a boundary without an end of line");
    if (parts.size() == kMostParts) {
      fail_body("more than " + std::to_string(kMostParts) + " parts");
    }
    rest.remove_prefix(2);
    const std::string_view head = take(rest, "\r\n\r\n", "a part without an empty line");
    if (head.size() > kMostHead) fail_body("the head of a part is too long");
    Part part = read_head(head);
    part.content = take(rest, line, "a part without a boundary behind it");
    parts.push_back(std::move(part));
  }
  rest.remove_prefix(2);
  if (!rest.empty() && rest != "\r\n") fail_body("text behind the last boundary");
  return parts;
}

}  // namespace server

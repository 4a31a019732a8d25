#include "requests.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

namespace batch {

using openai::Json;

Requests::Requests(std::string path, std::string name, std::set<std::string> done)
    : path_(std::move(path)), name_(std::move(name)), done_(std::move(done)) {
  std::set<std::string> seen;
  open();
  while (std::optional<Json> json = read()) {
    const std::string id = custom_id(*json);
    if (!seen.insert(id).second) {
      throw LineError(name_, line_,
                      "the custom_id " + openai::to_text(Json(id)) + " is there twice");
    }
    ++total_;
    if (done_.contains(id)) ++skipped_;
  }
  open();
}

std::optional<Json> Requests::next() {
  while (std::optional<Json> json = read()) {
    if (!done_.contains(custom_id(*json))) return json;
  }
  return std::nullopt;
}

void Requests::open() {
  file_ = std::ifstream(path_, std::ios::binary);
  line_ = 0;
  if (!file_) throw std::system_error(errno, std::generic_category(), name_ + ": cannot open");
}

std::optional<Json> Requests::read() {
  for (std::string text; std::getline(file_, text);) {
    ++line_;
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    try {
      Json json = openai::parse_json(text);
      if (json.is_object()) return json;
    } catch (const tlite::Error&) {  // said below, with the line
    }
    throw LineError(name_, line_, "not a JSON object");
  }
  if (file_.bad()) throw std::system_error(errno, std::generic_category(), name_ + ": cannot read");
  return std::nullopt;
}

std::string Requests::custom_id(const Json& json) const {
  const auto id = json.find("custom_id");
  if (id == json.end() || !id->is_string()) {
    throw LineError(name_, line_, "custom_id must be a string");
  }
  return id->get<std::string>();
}

std::string url_of(const Json& request) {
  const auto text = [&](const char* name, const char* fallback) {
    const auto field = request.find(name);
    if (field == request.end() && fallback != nullptr) return std::string(fallback);
    if (field != request.end() && field->is_string()) return field->get<std::string>();
    throw openai::FieldError(tlite::ErrorCode::invalid_argument, name,
                             std::string(name) + " must be a string");
  };
  if (text("method", "POST") != "POST") {
    openai::not_supported("method", "the method " + openai::to_text(request["method"]));
  }
  return text("url", nullptr);
}

}  // namespace batch

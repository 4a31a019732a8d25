#include "stored_calls.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace server {

using openai::Json;

namespace {

constexpr std::int64_t kLeastTime = 3600;                     // an hour
constexpr std::int64_t kMostTime = std::int64_t{30} * 86400;  // thirty days

std::size_t limit_of(const std::string& text, std::size_t most) {
  std::size_t limit = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, limit);
  if (read.ec != std::errc() || read.ptr != end || limit < 1 || limit > most) {
    openai::refuse_field("limit", text, "1 to " + std::to_string(most));
  }
  return limit;
}

}  // namespace

http::Response json_response(const Json& body) {
  return {200, {{"Content-Type", "application/json"}}, openai::to_text(body)};
}

Json page_of(const std::vector<Json>& all, const std::map<std::string, std::string>& query,
             std::size_t most) {
  const auto given = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? nullptr : &found->second;
  };
  std::vector<const Json*> left;
  left.reserve(all.size());
  for (const Json& one : all) left.push_back(&one);
  const std::string* const order = given("order");
  if (order != nullptr && *order != "asc" && *order != "desc") {
    openai::refuse_field("order", *order, "asc or desc");
  }
  if (order == nullptr || *order == "desc") std::ranges::reverse(left);
  if (const std::string* const after = given("after")) {
    const auto found = std::ranges::find(
        left, *after, [](const Json* one) { return (*one)["id"].get<std::string>(); });
    if (found == left.end()) openai::refuse_field("after", *after, "an id of this list");
    left.erase(left.begin(), found + 1);
  }
  const std::string* const limit = given("limit");
  const std::size_t count = std::min(left.size(), limit ? limit_of(*limit, most) : most);
  Json data = Json::array();
  for (std::size_t i = 0; i < count; ++i) data.push_back(*left[i]);
  const Json first = data.empty() ? Json(nullptr) : data.front()["id"];
  const Json last = data.empty() ? Json(nullptr) : data.back()["id"];
  return {{"object", "list"},
          {"data", std::move(data)},
          {"first_id", first},
          {"last_id", last},
          {"has_more", count < left.size()}};
}

std::int64_t lifetime_of(const std::string& name, const Json& value) {
  if (!value.is_object()) openai::refuse_field(name, value, "an object");
  for (const auto& [key, unused] : value.items()) {
    if (key != "anchor" && key != "seconds")
      openai::not_supported(name, "the field " + name + "." + key);
  }
  const auto anchor = value.find("anchor");
  if (anchor == value.end() || *anchor != "created_at") {
    openai::refuse_field(name + ".anchor", anchor == value.end() ? Json() : *anchor, "created_at");
  }
  const auto seconds = value.find("seconds");
  const Json given = seconds == value.end() ? Json() : *seconds;
  const std::int64_t time = openai::number_field<std::int64_t>(name + ".seconds", given);
  if (time < kLeastTime || time > kMostTime) {
    openai::refuse_field(name + ".seconds", given,
                         std::to_string(kLeastTime) + " to " + std::to_string(kMostTime));
  }
  return time;
}

}  // namespace server

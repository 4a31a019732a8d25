#include "batch_record.hpp"

#include "draw_id.hpp"
#include "stored_calls.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iterator>
#include <string_view>
#include <system_error>

namespace server {

using openai::Json;

namespace {

std::string text_of(const Json& body, const char* name) {
  const auto field = body.find(name);
  return openai::string_field(name, field == body.end() ? Json() : *field);
}

// "24h", OpenAI's only one, or another number of s, m, h or d, up to thirty days.
std::int64_t window_seconds(const std::string& text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, count);
  const std::string_view unit(read.ptr, static_cast<std::size_t>(end - read.ptr));
  const std::int64_t seconds = unit == "s" ? 1 : unit == "m" ? 60 : unit == "h" ? 3600 : 86400;
  const bool is_unit = unit == "s" || unit == "m" || unit == "h" || unit == "d";
  if (read.ec != std::errc() || !is_unit || count < 1 || count > kLongestBatch / seconds) {
    openai::refuse_field("completion_window", text, "a time like 24h, up to 30d");
  }
  return count * seconds;
}

void check_metadata(const Json& metadata) {
  const auto refuse = [&](const char* rule) { openai::refuse_field("metadata", metadata, rule); };
  if (!metadata.is_object()) refuse("an object");
  if (metadata.size() > 16) refuse("of 16 entries at most");
  for (const auto& [name, value] : metadata.items()) {
    if (name.size() > 64 || !value.is_string() || value.get<std::string>().size() > 512) {
      refuse("of names up to 64 bytes and strings up to 512");
    }
  }
}

}  // namespace

Json new_batch(const Json& body, const Files& files,
               const std::function<bool(const std::string& endpoint)>& knows) {
  if (!body.is_object()) openai::refuse_field("body", body, "an object");
  for (const auto& [name, value] : body.items()) {
    constexpr std::string_view kKnown[] = {"input_file_id", "endpoint", "completion_window",
                                           "metadata", "output_expires_after"};
    if (std::ranges::find(kKnown, name) == std::end(kKnown)) {
      openai::not_supported(name, "the field " + openai::to_text(name));
    }
  }
  const std::string input = text_of(body, "input_file_id");
  const Json* const file = files.find(input);
  if (file == nullptr || (*file)["purpose"] != "batch") {
    openai::refuse_field("input_file_id", input, "the id of a file whose purpose is batch");
  }
  const std::string endpoint = text_of(body, "endpoint");
  if (!knows(endpoint)) openai::not_supported("endpoint", "endpoint " + openai::to_text(endpoint));
  const std::string window = text_of(body, "completion_window");
  const std::int64_t now = std::time(nullptr);
  const Json metadata = body.value("metadata", Json());
  if (!metadata.is_null()) check_metadata(metadata);
  Json own = {{"output", Files::new_id()}, {"errors", Files::new_id()}};
  const Json expires = body.value("output_expires_after", Json());
  if (!expires.is_null()) own["lifetime"] = lifetime_of("output_expires_after", expires);
  Json batch = {{"id", "batch_" + draw_id()},
                {"object", "batch"},
                {"endpoint", endpoint},
                {"errors", nullptr},
                {"input_file_id", input},
                {"completion_window", window},
                {"status", "validating"},
                {"output_file_id", nullptr},
                {"error_file_id", nullptr},
                {"created_at", now},
                {"expires_at", now + window_seconds(window)}};
  for (const char* const when : {"in_progress_at", "finalizing_at", "completed_at", "failed_at",
                                 "expired_at", "cancelling_at", "cancelled_at"}) {
    batch[when] = nullptr;
  }
  batch["request_counts"] = {{"total", 0}, {"completed", 0}, {"failed", 0}};
  batch["metadata"] = metadata;
  batch[kOwn] = own;
  return batch;
}

Json shown(const Json& batch) {
  Json out = batch;
  out.erase(kOwn);
  return out;
}

bool is_at_work(const Json& batch) {
  const std::string status = batch["status"];
  return status == "validating" || status == "in_progress" || status == "cancelling";
}

}  // namespace server

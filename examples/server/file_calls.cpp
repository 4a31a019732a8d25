#include "file_calls.hpp"

#include "multipart.hpp"
#include "url.hpp"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <utility>

namespace server {
namespace {

using openai::Json;

constexpr std::size_t kMostName = 255;
constexpr std::size_t kMostListed = 10000;

const Json& known(const Files& files, const std::string& id) {
  const Json* const file = files.find(id);
  if (file == nullptr) {
    throw Refusal({FailureKind::no_route, "there is no file " + openai::to_text(id), "file_id"});
  }
  return *file;
}

// Its fields are text, all of them.
Json number_of(std::string_view text) {
  std::int64_t number = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  return is_whole ? Json(number) : Json(text);
}

}  // namespace

http::Response upload_file(Files& files, const StoredCall& call) {
  const std::vector<Part> parts =
      parse_multipart(call.request.header("content-type"), call.request.body);
  const Part* file = nullptr;
  std::optional<std::string_view> purpose;
  Json expires = nullptr;
  for (const Part& part : parts) {
    const auto same = std::ranges::count(parts, part.name, &Part::name);
    if (same > 1) openai::refuse_field(part.name, same, "there once");
    if (part.name == "file") {
      file = &part;
    } else if (part.name == "purpose") {
      purpose = part.content;
    } else if (part.name == "expires_after[anchor]") {
      expires["anchor"] = part.content;
    } else if (part.name == "expires_after[seconds]") {
      expires["seconds"] = number_of(part.content);
    } else {
      openai::not_supported(part.name, "the field " + openai::to_text(part.name));
    }
  }
  if (!purpose) openai::refuse_field("purpose", nullptr, "batch");
  if (*purpose != "batch")
    openai::not_supported("purpose", "purpose " + openai::to_text(*purpose) + "; there is batch");
  if (file == nullptr || !file->filename)
    openai::refuse_field("file", nullptr, "a part with a filename");
  if (file->filename->empty() || file->filename->size() > kMostName) {
    openai::refuse_field("filename", *file->filename,
                         "1 to " + std::to_string(kMostName) + " bytes long");
  }
  FileFacts facts{*file->filename, std::string(*purpose)};
  if (!expires.is_null()) facts.lifetime = lifetime_of("expires_after", expires);
  return json_response(files.add(facts, file->content));
}

http::Response list_files(Files& files, const StoredCall& call) {
  const Query query = parse_query(call.request.query, {"after", "limit", "order", "purpose"});
  const auto purpose = query.find("purpose");
  if (purpose == query.end()) return json_response(page_of(files.all(), query, kMostListed));
  std::vector<Json> some;
  std::ranges::copy_if(files.all(), std::back_inserter(some),
                       [&](const Json& file) { return file["purpose"] == purpose->second; });
  return json_response(page_of(some, query, kMostListed));
}

http::Response get_file(Files& files, const StoredCall& call) {
  return json_response(known(files, call.id));
}

http::Response file_content(Files& files, const StoredCall& call) {
  const Json& file = known(files, call.id);
  auto stream = std::make_shared<std::ifstream>(files.path_of(call.id), std::ios::binary);
  if (!*stream) {
    throw Refusal({FailureKind::internal, "the file " + call.id + " cannot be read", {}});
  }
  http::Response response{200, {{"Content-Type", "application/octet-stream"}}, {}};
  response.rest = std::move(stream);
  response.rest_size = file["bytes"].get<std::uint64_t>();
  return response;
}

http::Response delete_file(Files& files, BatchJobs& batches, const StoredCall& call) {
  known(files, call.id);
  if (batches.uses(call.id)) {
    openai::refuse_field("file_id", call.id, "a file that no unfinished batch reads");
  }
  files.remove(call.id);
  return json_response({{"id", call.id}, {"object", "file"}, {"deleted", true}});
}

}  // namespace server

#include "routes.hpp"

#include "anthropic_protocol.hpp"
#include "file_calls.hpp"
#include "openai_protocol.hpp"
#include "openapi.hpp"
#include "page.hpp"
#include "responses_protocol.hpp"
#include "url.hpp"

#include <algorithm>
#include <ctime>
#include <iterator>
#include <optional>
#include <utility>

namespace server {
namespace {

using http::Response;
using openai::Json;

// What stands for the name of something in a path.
constexpr std::string_view kId = "{id}";

Response page_response(const Known&) {
  if (page().empty()) throw Refusal({FailureKind::no_route, "this server has no page"});
  return {200,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"X-Content-Type-Options", "nosniff"},
           {"Content-Security-Policy", "frame-ancestors 'none'"},
           {"Referrer-Policy", "no-referrer"}},
          std::string(page())};
}

Response health(const Known& server) {
  if (server.service.draining()) throw Refusal({FailureKind::unavailable, "going down"});
  return json_response({{"status", "ok"}});
}

Response metrics(const Known& server) {
  return {200,
          {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
          server.service.metrics(server.connections)};
}

Response description(const Known&) {
  return {200, {{"Content-Type", "application/json"}}, std::string(openapi())};
}

Json model_json(const Models::Entry& model) {
  return {{"id", model.name},
          {"object", "model"},
          {"created", std::time(nullptr)},
          {"owned_by", "tlite"},
          {"max_model_len", model.context},
          {"memory_bytes", model.bytes},
          {"loaded", model.engine.has_value()}};
}

Response model_list(const Known& server) {
  Json data = Json::array();
  for (const Models::Entry& model : server.service.models()) data.push_back(model_json(model));
  return json_response({{"object", "list"}, {"data", std::move(data)}});
}

Response one_model(const Known& server) {
  for (const Models::Entry& model : server.service.models()) {
    if (model.name == server.id) return json_response(model_json(model));
  }
  throw Refusal({FailureKind::no_model, "the model '" + server.id + "' does not exist", "model"});
}

template <openai::Kind kKind>
std::unique_ptr<Protocol> openai_of() {
  return openai_protocol(kKind);
}

template <auto kCall>
Response on_files(Files& files, BatchJobs&, const StoredCall& call) {
  return kCall(files, call);
}
template <auto kCall>
Response on_batches(Files&, BatchJobs& batches, const StoredCall& call) {
  return (batches.*kCall)(call);
}

constexpr Route kRoutes[] = {
    {.method = "GET", .path = "/", .known = page_response, .open = true},
    {.method = "GET", .path = "/health", .known = health, .open = true},
    {.method = "GET", .path = "/metrics", .known = metrics},
    {.method = "GET", .path = "/openapi.json", .known = description, .open = true},
    {.method = "GET", .path = "/v1/models", .known = model_list},
    {.method = "GET", .path = "/v1/models/{id}", .known = one_model},
    {.method = "POST", .path = "/v1/chat/completions", .protocol = openai_of<openai::Kind::chat>},
    {.method = "POST", .path = "/v1/completions", .protocol = openai_of<openai::Kind::completion>},
    {.method = "POST", .path = "/v1/embeddings", .protocol = openai_of<openai::Kind::embeddings>},
    {.method = "POST", .path = "/v1/responses", .protocol = responses_protocol},
    {.method = "POST",
     .path = "/v1/messages",
     .protocol = anthropic_protocol,
     .failure = anthropic_failure},
    {.method = "POST",
     .path = "/v1/messages/count_tokens",
     .tell = count_tokens,
     .failure = anthropic_failure},
    {.method = "POST", .path = "/tokenize", .tell = tokenize},
    {.method = "POST", .path = "/detokenize", .tell = detokenize},
    {.method = "POST", .path = "/apply-template", .tell = apply_template},
    {.method = "GET", .path = "/tokenizer_info", .tell = tokenizer_info},
    {.method = "POST", .path = "/v1/files", .stored = on_files<upload_file>},
    {.method = "GET", .path = "/v1/files", .stored = on_files<list_files>},
    {.method = "GET", .path = "/v1/files/{id}/content", .stored = on_files<file_content>},
    {.method = "GET", .path = "/v1/files/{id}", .stored = on_files<get_file>},
    {.method = "DELETE", .path = "/v1/files/{id}", .stored = delete_file},
    {.method = "POST", .path = "/v1/batches", .stored = on_batches<&BatchJobs::create>},
    {.method = "GET", .path = "/v1/batches", .stored = on_batches<&BatchJobs::list>},
    {.method = "POST", .path = "/v1/batches/{id}/cancel", .stored = on_batches<&BatchJobs::cancel>},
    {.method = "GET", .path = "/v1/batches/{id}", .stored = on_batches<&BatchJobs::get>},
};

// The text in the place of {id}, as sent; nothing where the path is another one.
std::optional<std::string_view> id_in(std::string_view path, std::string_view of) {
  const std::size_t at = of.find(kId);
  if (at == of.npos) return std::nullopt;
  const std::string_view before = of.substr(0, at);
  const std::string_view behind = of.substr(at + kId.size());
  const bool fits = path.starts_with(before) && path.ends_with(behind) &&
                    path.size() > before.size() + behind.size();
  if (!fits) return std::nullopt;
  return path.substr(before.size(), path.size() - before.size() - behind.size());
}

bool path_fits(const Route& route, std::string_view path) {
  return route.path == path || id_in(path, route.path).has_value();
}

bool method_fits(const Route& route, std::string_view method) {
  return route.method == method || (route.method == "GET" && method == "HEAD");
}

}  // namespace

const Route* path_of(std::string_view path) {
  const auto* const found =
      std::ranges::find_if(kRoutes, [&](const Route& route) { return path_fits(route, path); });
  return found == std::end(kRoutes) ? nullptr : found;
}

const Route* route_of(std::string_view method, std::string_view path) {
  const Route* const first = path_of(path);
  const auto* const found = std::ranges::find_if(kRoutes, [&](const Route& route) {
    return first != nullptr && route.path == first->path && method_fits(route, method);
  });
  return found == std::end(kRoutes) ? nullptr : found;
}

std::string id_of(const Route& route, std::string_view path) {
  return percent_decoded(id_in(path, route.path).value_or(std::string_view()));
}

}  // namespace server

#include "api.hpp"

#include "openai_protocol.hpp"
#include "routes.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>
#include <utility>

namespace server {
namespace {

using http::Request;
using http::Response;
using openai::Json;

constexpr std::string_view kJson = "application/json";

// In the form of the API that the path is of.
Response failure(const Failure& what, std::string_view path) {
  const Route* const route = path_of(path);
  const auto body = route == nullptr ? openai_failure : route->failure;
  Response response{status_of(what.kind), {{"Content-Type", std::string(kJson)}}, {}};
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 429) response.headers.emplace_back("Retry-After", "1");
  response.body = body(what);
  return response;
}

// In a time that tells nothing about where the two differ.
bool is_equal(std::string_view key, std::string_view given) {
  unsigned difference = key.size() == given.size() ? 0U : 1U;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = key.empty() ? '\0' : key[i % key.size()];
    difference |= static_cast<unsigned>(static_cast<unsigned char>(expected ^ given[i]));
  }
  return difference == 0U;
}

std::string_view bearer(std::string_view header) {
  constexpr std::string_view kScheme = "bearer ";
  const bool fits = header.size() > kScheme.size() &&
                    std::equal(kScheme.begin(), kScheme.end(), header.begin(), [](char a, char b) {
                      return a == (b >= 'A' && b <= 'Z' ? b - 'A' + 'a' : b);
                    });
  return fits ? header.substr(kScheme.size()) : std::string_view();
}

std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace

Api::Api(const ApiOptions& options, std::function<void()> stop,
         std::function<std::size_t()> connections)
    : options_(options), stop_(std::move(stop)), connections_(std::move(connections)) {}

// All keys are looked at, whichever fits.
bool Api::has_key(const Request& head) const {
  if (options_.keys.empty()) return true;
  const std::string_view first = bearer(head.header("authorization"));
  const std::string_view second = head.header("x-api-key");
  bool fits = false;
  for (const std::string& key : options_.keys) {
    fits = static_cast<bool>(static_cast<unsigned>(fits) |
                             static_cast<unsigned>(is_equal(key, first)) |
                             static_cast<unsigned>(is_equal(key, second)));
  }
  return fits;
}

bool Api::origin_may(std::string_view origin) const {
  return std::ranges::any_of(options_.origins, [&](const std::string& allowed) {
    return allowed == "*" || allowed == origin;
  });
}

// Pages of other sites reach this machine through the browser of who sits at it: by their own name
// made to point here, which Host shows, or by requests of theirs, which Origin shows.
std::optional<Failure> Api::forbidden(const Request& head) const {
  const std::string_view host = head.header("host");
  const std::string name(without_port(host));
  const bool is_here = host.empty() || name == "[::1]" || http::is_loopback(name);
  if (options_.loopback && options_.keys.empty() && !is_here) {
    return Failure{FailureKind::forbidden,
                   "the host '" + name + "' is not this machine; a server with a key takes any"};
  }
  const std::string_view origin = head.header("origin");
  const std::size_t scheme = origin.find("://");
  const bool is_own = scheme != origin.npos && origin.substr(scheme + 3) == host;
  if (!origin.empty() && !is_own && !origin_may(origin)) {
    return Failure{FailureKind::forbidden,
                   "pages of '" + std::string(origin) + "' may not ask; see --cors"};
  }
  return std::nullopt;
}

Response Api::preflight(const Request& head) const {
  Response response{204, {{"Access-Control-Allow-Methods", "GET, POST, DELETE"}}, {}};
  response.headers.emplace_back("Access-Control-Allow-Headers",
                                std::string(head.header("access-control-request-headers")));
  response.headers.emplace_back("Access-Control-Max-Age", "600");
  return response;
}

std::optional<Response> Api::refuse(const Request& head) {
  if (const auto what = forbidden(head)) return failure(*what, head.path);
  const bool is_preflight =
      head.method == "OPTIONS" && !head.header("access-control-request-method").empty();
  if (is_preflight) return std::nullopt;
  const Route* const route = route_of(head.method, head.path);
  if (route == nullptr) {
    return failure(path_of(head.path) != nullptr
                       ? Failure{FailureKind::no_method, "not with the method " + head.method}
                       : Failure{FailureKind::no_route, "there is no " + head.path},
                   head.path);
  }
  if (!route->open && !has_key(head)) {
    return failure({FailureKind::unauthorized, "a valid API key is needed: Authorization: Bearer"},
                   head.path);
  }
  if (route->stored != nullptr && storage_ == nullptr) {
    return failure({FailureKind::not_supported, "not supported: --files is not given"}, head.path);
  }
  return std::nullopt;
}

Response Api::broken(const Request& head, int status, const std::string& message) {
  return failure({kind_of_status(status), message}, head.path);
}

namespace {

// Tells a browser that the page which asks may read the answer.
class CorsExchange final : public http::Exchange {
 public:
  CorsExchange(std::shared_ptr<http::Exchange> to, std::string origin)
      : to_(std::move(to)), origin_(std::move(origin)) {}
  void send(const Response& response) override {
    Response more = response;
    add(more.headers);
    to_->send(more);
  }
  void start(int status, const http::Headers& headers) override {
    http::Headers more = headers;
    add(more);
    to_->start(status, more);
  }
  void write(std::string_view text) override { to_->write(text); }
  void finish() override { to_->finish(); }
  void on_gone(std::function<void()> callback) override { to_->on_gone(std::move(callback)); }

 private:
  void add(http::Headers& headers) const {
    headers.emplace_back("Access-Control-Allow-Origin", origin_);
    headers.emplace_back("Vary", "Origin");
  }
  std::shared_ptr<http::Exchange> to_;
  std::string origin_;
};

}  // namespace

void Api::handle(Request request, std::shared_ptr<http::Exchange> exchange) {
  if (const std::string_view origin = request.header("origin"); origin_may(origin)) {
    exchange = std::make_shared<CorsExchange>(std::move(exchange), std::string(origin));
  }
  if (request.method == "OPTIONS") return exchange->send(preflight(request));
  answer(std::move(request), std::move(exchange), Rank::live);
}

Response Api::known(const Route& route, const std::string& path) const {
  try {
    return route.known({*service_, connections_(), id_of(route, path)});
  } catch (const Refusal& refusal) {
    return failure(refusal.failure(), path);
  }
}

// refuse() has found a route.
void Api::answer(Request request, std::shared_ptr<http::Exchange> exchange, Rank rank) {
  const Route* const route = route_of(request.method, request.path);
  if (route->known != nullptr) {
    exchange->send(known(*route, request.path));
  } else if (route->protocol != nullptr) {
    service_->ask(std::move(exchange), route->protocol(), std::move(request.body), rank);
  } else if (route->tell != nullptr) {
    service_->tell(std::move(exchange), route->tell, route->failure, std::move(request.body), rank);
  } else {
    StoredCall call{id_of(*route, request.path), std::move(request)};
    storage_->ask(route->stored, std::move(call), std::move(exchange));
  }
}

LineServer Api::line_server() {
  const auto knows = [](const std::string& path) {
    const Route* const route = route_of("POST", path);
    return route != nullptr && (route->protocol != nullptr || route->tell != nullptr);
  };
  return {knows, [this](Request request, std::shared_ptr<http::Exchange> exchange) {
            answer(std::move(request), std::move(exchange), Rank::background);
          }};
}

Response Api::failure_response(const Failure& what) { return failure(what, {}); }

void Api::tick() {
  service_->tick();
  if (storage_ != nullptr) storage_->tick();
  if (service_->draining() && service_->idle()) stop_();
}

// The first asks for an end, the second for one now.
void Api::signal() {
  service_->drain();
  if (storage_ != nullptr) storage_->drain();
  if (++signals_ > 1) service_->cancel_all();
}

}  // namespace server

// Who may ask - keys, hosts, origins -, and to whom a request goes.
#pragma once

#include "http.hpp"
#include "routes.hpp"
#include "service.hpp"
#include "storage.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace server {

struct ApiOptions {
  std::vector<std::string> keys;     // none: everybody may ask
  std::vector<std::string> origins;  // of pages that may ask from a browser; "*": all
  bool loopback = true;              // the address is this machine's alone
};

class Api final : public http::Handler {
 public:
  // `stop` ends the server once the last answer is ready.
  Api(const ApiOptions& options, std::function<void()> stop,
      std::function<std::size_t()> connections);
  // `storage`: null where there are no files and batches.
  void serve(Service& service, Storage* storage) {
    service_ = &service;
    storage_ = storage;
  }

  // What Storage needs of it.
  LineServer line_server();
  static http::Response failure_response(const Failure& failure);

  std::optional<http::Response> refuse(const http::Request& head) override;
  void handle(http::Request request, std::shared_ptr<http::Exchange> exchange) override;
  http::Response broken(const http::Request& head, int status, const std::string& message) override;
  void tick() override;
  void signal() override;

 private:
  std::optional<Failure> forbidden(const http::Request& head) const;
  bool has_key(const http::Request& head) const;
  bool origin_may(std::string_view origin) const;
  http::Response preflight(const http::Request& head) const;
  http::Response known(const Route& route, const std::string& path) const;
  void answer(http::Request request, std::shared_ptr<http::Exchange> exchange, Rank rank);

  ApiOptions options_;
  std::function<void()> stop_;
  std::function<std::size_t()> connections_;
  Service* service_ = nullptr;
  Storage* storage_ = nullptr;
  int signals_ = 0;
};

}  // namespace server

// HTTP/1.1: connections, bytes and time limits, and nothing about what is asked. One thread runs
// it all; whatever is called here is called on that thread, but for Server::post.
//
// A connection costs some kilobytes and no thread. Who sends slowly, sends too much or does not
// read what it asked for is let go by the limits below, and keeps nobody else waiting.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace server::http {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct Request {
  std::string method;
  std::string path;   // without what follows '?'; as sent, nothing decoded
  std::string query;  // what follows it
  Headers headers;
  std::string body;

  // Of the first header of this name, in lower case; empty: none.
  std::string_view header(std::string_view name) const noexcept;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
  // What the body goes on with: read piece by piece, as the client takes it.
  std::shared_ptr<std::istream> rest = nullptr;
  std::uint64_t rest_size = 0;
};

// One request that waits for its answer: send(), or start(), any number of write() and finish().
// All of them do nothing once the client has gone. Any thread may hold it and let go of it.
class Exchange {
 public:
  virtual ~Exchange() = default;
  virtual void send(const Response& response) = 0;
  virtual void start(int status, const Headers& headers) = 0;
  virtual void write(std::string_view text) = 0;
  virtual void finish() = 0;
  // Called once, if the client goes before its answer is finished.
  virtual void on_gone(std::function<void()> callback) = 0;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Before the body is read: an answer here is the answer, and the connection ends with it.
  virtual std::optional<Response> refuse(const Request& head) = 0;
  virtual void handle(Request request, std::shared_ptr<Exchange> exchange) = 0;
  // The answer to what is no HTTP or breaks a limit: 400, 408, 413, 431.
  virtual Response broken(const Request& head, int status, const std::string& message) = 0;
  virtual void tick() = 0;    // ten times a second
  virtual void signal() = 0;  // SIGINT or SIGTERM
};

struct Limits {
  std::size_t head = std::size_t{32} << 10U;         // bytes of a request's head
  std::size_t body = std::size_t{16} << 20U;         // bytes of a body
  std::size_t all_bodies = std::size_t{256} << 20U;  // of all that are being read or worked on
  // Of all heads, and of all answers that their clients have not taken. Who has kept his part
  // longest is let go for who comes.
  std::size_t all_buffers = std::size_t{256} << 20U;
  std::size_t unsent = std::size_t{1} << 20U;  // of a stream whose client does not keep up
  // For one more the one is let go that has been silent longest.
  std::size_t connections = 12000;
  std::chrono::milliseconds head_time{10000};   // from a head's first byte to its last
  std::chrono::milliseconds body_time{60000};   // the same of a body
  std::chrono::milliseconds idle_time{75000};   // between two requests
  std::chrono::milliseconds write_time{30000};  // in which a client has to take something
};

class Server {
 public:
  Server(const Limits& limits, Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // `host`: an address or a name; the port that it is, where 0 was asked for. Throws
  // std::runtime_error.
  std::uint16_t listen(const std::string& host, std::uint16_t port);
  // Until stop() and the end of all connections.
  void run();
  // Takes no connections any more; those that are idle end, others with their answer.
  void stop();
  // Runs it on the server's thread. From any thread.
  void post(std::function<void()> work);
  std::size_t connections() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Whether an address that was asked for is this machine's alone.
bool is_loopback(const std::string& host);

}  // namespace server::http

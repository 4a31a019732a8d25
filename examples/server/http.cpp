// Boost.Beast reads the requests, Asio moves the bytes: see docs/server.md for why.
#include "http.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <iterator>
#include <list>
#include <stdexcept>
#include <unordered_set>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/status.hpp>

namespace server::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;
using ErrorCode = boost::system::error_code;

constexpr auto kNever = Clock::time_point::max();
// How long a connection is listened to that was answered before it had sent all.
constexpr std::chrono::seconds kLinger{5};
constexpr int kSendBuffer = 128 * 1024;

// Bytes that connections have in memory together.
class Budget {
 public:
  explicit Budget(std::size_t most) : left_(most) {}
  bool take(std::size_t bytes) {
    if (bytes > left_) return false;
    left_ -= bytes;
    return true;
  }
  void give_back(std::size_t bytes) { left_ += bytes; }

 private:
  std::size_t left_;
};

// A body that takes from the budget what it holds, as it comes: a length that is announced and not
// sent costs nothing.
struct BudgetedBody {
  struct value_type {  // NOLINT(readability-identifier-naming): Beast's name
    std::string text;
    Budget* budget = nullptr;
    std::size_t taken = 0;
  };
  class reader {  // NOLINT(readability-identifier-naming): Beast's name
   public:
    template <bool kIsRequest, class Fields>
    reader(beast::http::header<kIsRequest, Fields>&, value_type& body) : body_(body) {}
    void init(const boost::optional<std::uint64_t>&, ErrorCode& error) { error = {}; }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, ErrorCode& error) {
      std::size_t size = 0;
      for (const auto buffer : beast::buffers_range_ref(buffers)) {
        if (!body_.budget->take(buffer.size())) {
          error = make_error_code(boost::system::errc::not_enough_memory);
          return size;
        }
        body_.taken += buffer.size();
        body_.text.append(static_cast<const char*>(buffer.data()), buffer.size());
        size += buffer.size();
      }
      error = {};
      return size;
    }
    void finish(ErrorCode& error) { error = {}; }

   private:
    value_type& body_;
  };
};

std::string date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc = {};
  gmtime_r(&now, &utc);
  std::array<char, 64> text = {};
  // The C locale's names: the server sets no other for time.
  const std::size_t size =
      std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return {text.data(), size};
}

// A header's value must not end its line.
std::string one_line(std::string_view value) {
  std::string out(value);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20U || c == 0x7F; }, ' ');
  return out;
}

std::string response_head(int status, const Headers& headers, bool keeps,
                          std::string_view framing) {
  const auto reason = beast::http::obsolete_reason(static_cast<beast::http::status>(status));
  std::string head = "HTTP/1.1 " + std::to_string(status) + " ";
  head.append(reason.data(), reason.size());
  head += "\r\nServer: tlite-server\r\nDate: " + date() + "\r\n";
  for (const auto& [name, value] : headers) head += name + ": " + one_line(value) + "\r\n";
  head += keeps ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  head += framing;
  return head + "\r\n";
}

}  // namespace

std::string_view Request::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

namespace {

// What would let others along the way see another request than this server does (RFC 9112, 3.2 and
// 6.3); null: nothing. Stricter than Beast's own questions: what it lets through may still be read
// in two ways.
const char* ambiguity(const Request& head, unsigned version) {
  const auto count = [&](std::string_view name) {
    return std::ranges::count(head.headers, name, &Headers::value_type::first);
  };
  if (count("host") > 1) return "a request has one Host";
  if (count("host") == 0 && version >= 11) return "a request of HTTP/1.1 has a Host";
  if (count("transfer-encoding") == 0) return nullptr;
  if (count("content-length") > 0) {
    return "a request has Content-Length or Transfer-Encoding, not both";
  }
  if (version < 11) return "HTTP/1.0 knows no Transfer-Encoding";
  const bool is_chunked = count("transfer-encoding") == 1 &&
                          beast::iequals(head.header("transfer-encoding"), "chunked");
  return is_chunked ? nullptr : "of transfer encodings chunked alone is known";
}

class Connection;

// What a client lets the server wait for.
enum class Wait : std::size_t { nothing, next_request, rest_of_request, taking_answer };

// Who waits for whom, those first that have waited longest.
class Crowd {
 public:
  using Place = std::list<Connection*>::iterator;

  Place add(Connection& one, Wait wait) { return list(wait).insert(list(wait).end(), &one); }
  void move(Place place, Wait from, Wait to) { list(to).splice(list(to).end(), list(from), place); }
  void remove(Place place, Wait wait) { list(wait).erase(place); }
  Connection* longest(Wait wait) { return list(wait).empty() ? nullptr : list(wait).front(); }

 private:
  std::list<Connection*>& list(Wait wait) { return lists_[static_cast<std::size_t>(wait)]; }
  std::array<std::list<Connection*>, 4> lists_;
};

// What connections share.
struct Shared {
  Limits limits;
  Handler& handler;
  asio::io_context io{1};
  Budget bodies;
  Budget buffers;
  Crowd crowd;
  std::unordered_set<std::shared_ptr<Connection>> connections;
  bool stopping = false;
  std::function<void()> connection_ended;

  Shared(const Limits& given, Handler& to)
      : limits(given), handler(to), bodies(given.all_bodies), buffers(given.all_buffers) {}

  // Lets go who has kept the server waiting longest, other than the one for whom it is done.
  bool let_go(std::initializer_list<Wait> waits, const Connection* other_than = nullptr);
};

// idle -> head -> body -> busy -> idle ... -> lingering -> closed
class Connection final : public Exchange, public std::enable_shared_from_this<Connection> {
 public:
  Connection(tcp::socket socket, Shared& shared)
      : socket_(std::move(socket)),
        shared_(shared),
        place_(shared.crowd.add(*this, wait_)),
        buffer_(shared.limits.head + kReadAhead) {}

  void begin() {
    deadline_ = Clock::now() + shared_.limits.head_time;
    state_ = State::idle;
    waits_for(Wait::next_request);
    watch();
  }

  void check_deadline(Clock::time_point now) {
    if (now < deadline_) return;
    const bool reading = state_ == State::head || state_ == State::body;
    // Who has sent a part of a request is told; who was silent is not.
    if (reading && parser_ && parser_->got_some()) {
      refuse_broken(408, "the request did not come in time");
    } else {
      close();
    }
  }

  // It is not known to be at work.
  void let_go() { close(); }

  void stop_if_idle() {
    if (state_ == State::idle || (state_ == State::head && buffer_.size() == 0)) close();
    keeps_ = false;
  }

  // ---- Exchange

  void send(const Response& response) override {
    if (state_ != State::busy || started_) return;
    started_ = true;
    give_back();
    const bool keeps = keeps_ && !shared_.stopping;
    keeps_ = keeps;
    std::string out = response_head(
        response.status, response.headers, keeps,
        "Content-Length: " + std::to_string(response.body.size() + response.rest_size) + "\r\n");
    if (!is_head_) {
      out += response.body;
      rest_ = response.rest;
      rest_left_ = response.rest_size;
    }
    pending_ += out;
    finished_ = true;
    account() ? flush() : close();
  }

  void start(int status, const Headers& headers) override {
    if (state_ != State::busy || started_) return;
    started_ = true;
    give_back();
    chunked_ = version_ >= 11;
    keeps_ = keeps_ && chunked_ && !shared_.stopping;
    pending_ +=
        response_head(status, headers, keeps_, chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
    flush();
  }

  void write(std::string_view text) override {
    if (state_ != State::busy || !started_ || finished_ || text.empty() || is_head_) return;
    if (chunked_) {
      std::array<char, 24> size = {};
      const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
      pending_.append(size.data(), static_cast<std::size_t>(digits));
    }
    pending_ += text;
    if (chunked_) pending_ += "\r\n";
    if (pending_.size() > shared_.limits.unsent || !account()) return close();
    flush();
  }

  void finish() override {
    if (state_ != State::busy || !started_ || finished_) return;
    finished_ = true;
    if (chunked_ && !is_head_) pending_ += "0\r\n\r\n";
    flush();
  }

  void on_gone(std::function<void()> callback) override {
    if (state_ == State::closed) return callback();
    gone_ = std::move(callback);
  }

 private:
  enum class State { idle, head, body, busy, lingering, closed };
  static constexpr std::size_t kReadAhead = 16384;
  static constexpr std::size_t kHeadRead = 4096;
  static constexpr std::size_t kRestRead = 65536;
  // What a line of a head costs beside its bytes, here and in the parser.
  static constexpr std::size_t kFieldCost = 192;

  void waits_for(Wait wait) {
    if (state_ == State::closed) return;  // it has left the crowd
    shared_.crowd.move(place_, wait_, wait);
    wait_ = wait;
  }

  // What the connection holds is of the common memory. False: there is no more, and nobody who has
  // held his part for longer.
  bool account() {
    const std::size_t now =
        buffer_.capacity() + head_cost_ + pending_.capacity() + flight_.capacity();
    while (now > held_ && !shared_.buffers.take(now - held_)) {
      if (!shared_.let_go({Wait::rest_of_request, Wait::taking_answer}, this)) return false;
    }
    if (now < held_) shared_.buffers.give_back(held_ - now);
    held_ = now;
    return true;
  }

  // Sleeps until there is something to read: of an idle connection its next request, of a busy one
  // mostly its end.
  void watch() {
    if (watching_) return;
    watching_ = true;
    socket_.async_wait(tcp::socket::wait_read, [self = shared_from_this()](ErrorCode error) {
      self->watching_ = false;
      self->readable(error);
    });
  }

  void readable(ErrorCode error) {
    if (error || state_ == State::closed) return close();
    if (state_ == State::lingering) return discard();
    char next = 0;
    const std::size_t size =
        socket_.receive(asio::buffer(&next, 1), tcp::socket::message_peek, error);
    // The system may tell again of bytes that have been read.
    if (error == asio::error::would_block) return watch();
    if (error || size == 0) return close();
    // The next request of a busy one waits in the socket.
    if (state_ == State::idle) read_head();
  }

  void read_head() {
    state_ = State::head;
    waits_for(Wait::rest_of_request);
    deadline_ = Clock::now() + shared_.limits.head_time;
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_.limits.head));
    parser_->body_limit(shared_.limits.body);
    parser_->get().body().budget = &shared_.bodies;
    parse_head();
  }

  // Not Beast's async_read_header: what a head takes is to be known while it comes.
  void parse_head() {
    ErrorCode error;
    buffer_.consume(parser_->put(buffer_.data(), error));
    if (error != beast::http::error::need_more) return take_head(error);
    if (buffer_.size() == buffer_.max_size()) return take_head(beast::http::error::header_limit);
    const std::size_t room = std::min(kHeadRead, buffer_.max_size() - buffer_.size());
    socket_.async_read_some(buffer_.prepare(room),
                            [self = shared_from_this()](ErrorCode failed, std::size_t bytes) {
                              self->took_of_head(failed, bytes);
                            });
  }

  void took_of_head(ErrorCode error, std::size_t bytes) {
    if (state_ != State::head) return;
    if (error) return close();
    buffer_.commit(bytes);
    account() ? parse_head() : refuse_broken(429, "too many requests are being sent at once");
  }

  // Of a head that is refused as much as was understood: where its body is too long, all of it.
  void take_request() {
    const auto& message = parser_->get();
    request_ = {};
    head_cost_ = 0;
    request_.method = std::string(message.method_string());
    std::string target(message.target());
    target.resize(std::min(target.find('#'), target.size()));
    const std::size_t mark = std::min(target.find('?'), target.size());
    request_.path = target.substr(0, mark);
    request_.query = target.substr(std::min(mark + 1, target.size()));
    for (const auto& field : message) {
      std::string name(field.name_string());
      std::ranges::transform(name, name.begin(), [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      head_cost_ += 2 * (name.size() + field.value().size()) + kFieldCost;
      request_.headers.emplace_back(std::move(name), std::string(field.value()));
    }
  }

  void take_head(ErrorCode error) {
    if (state_ != State::head) return;
    take_request();
    if (error) return refuse_read(error);
    if (!account()) return refuse_broken(429, "too many requests are being sent at once");
    const auto& message = parser_->get();
    keeps_ = message.keep_alive();
    version_ = message.version();
    is_head_ = request_.method == "HEAD";
    if (const char* const wrong = ambiguity(request_, version_)) return refuse_broken(400, wrong);
    if (auto response = shared_.handler.refuse(request_)) return refuse(*response);
    state_ = State::body;
    deadline_ = Clock::now() + shared_.limits.body_time;
    if (request_.header("expect") == "100-continue") return say_continue();
    read_body();
  }

  void say_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(socket_, asio::buffer(kContinue.data(), kContinue.size()),
                      [self = shared_from_this()](ErrorCode error, std::size_t) {
                        if (self->state_ != State::body) return;
                        error ? self->close() : self->read_body();
                      });
  }

  void read_body() {
    reading_body_ = true;
    beast::http::async_read(
        socket_, buffer_, *parser_,
        [self = shared_from_this()](ErrorCode error, std::size_t) { self->take_body(error); });
  }

  void take_body(ErrorCode error) {
    reading_body_ = false;
    if (state_ != State::body) return;
    if (error) return refuse_read(error);
    auto& body = parser_->get().body();
    taken_ += std::exchange(body.taken, 0);
    request_.body = std::move(body.text);
    forget_request();
    be_busy();
    if (buffer_.size() == 0) watch();
    shared_.handler.handle(std::move(request_), shared_from_this());
  }

  // What it took; but for the bytes of the next one.
  void forget_request() {
    parser_.reset();
    head_cost_ = 0;
    if (buffer_.size() == 0) buffer_.shrink_to_fit();
    account();
  }

  void be_busy() {
    state_ = State::busy;
    waits_for(Wait::nothing);
    deadline_ = kNever;
    started_ = finished_ = chunked_ = false;
  }

  void refuse_read(ErrorCode error) {
    using Http = beast::http::error;
    if (error == Http::end_of_stream || error == asio::error::operation_aborted ||
        error == asio::error::connection_reset || error == Http::partial_message) {
      return close();
    }
    if (error == Http::header_limit || error == Http::buffer_overflow) {
      return refuse_broken(431, "the head of the request is longer than " +
                                    std::to_string(shared_.limits.head) + " bytes");
    }
    if (error == Http::body_limit) {
      return refuse_broken(
          413, "the body is longer than " + std::to_string(shared_.limits.body) + " bytes");
    }
    if (error == boost::system::errc::not_enough_memory) {
      return refuse_broken(429, "too many large requests at once");
    }
    refuse_broken(400, "this is no HTTP request: " + error.message());
  }

  void refuse_broken(int status, const std::string& message) {
    refuse(shared_.handler.broken(request_, status, message));
  }

  // What else the client sends is not a request of its own.
  void refuse(const Response& response) {
    take_back_body();
    if (!reading_body_) forget_request();
    request_ = {};
    be_busy();
    keeps_ = false;
    send(response);
  }

  // ---- writing

  void flush() {
    if (writing_ || state_ != State::busy) return;
    if (pending_.empty() && rest_left_ > 0 && !read_rest()) return close();
    if (pending_.empty()) {
      if (finished_) answered();
      return;
    }
    writing_ = true;
    flight_.swap(pending_);
    sent_ = 0;
    write_some();
  }

  bool read_rest() {
    pending_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(kRestRead, rest_left_)));
    rest_left_ -= pending_.size();
    rest_->read(pending_.data(), static_cast<std::streamsize>(pending_.size()));
    return *rest_ && account();
  }

  void write_some() {
    waits_for(Wait::taking_answer);
    deadline_ = Clock::now() + shared_.limits.write_time;
    socket_.async_write_some(asio::buffer(flight_.data() + sent_, flight_.size() - sent_),
                             [self = shared_from_this()](ErrorCode error, std::size_t bytes) {
                               self->wrote(error, bytes);
                             });
  }

  void wrote(ErrorCode error, std::size_t bytes) {
    if (state_ != State::busy) return;
    if (error) return close();
    sent_ += bytes;
    if (sent_ < flight_.size()) return write_some();
    flight_.clear();
    writing_ = false;
    deadline_ = kNever;
    waits_for(Wait::nothing);
    flush();
  }

  void answered() {
    gone_ = nullptr;
    rest_ = nullptr;
    // What a long answer took is not kept for a connection that waits.
    pending_.shrink_to_fit();
    flight_.shrink_to_fit();
    account();
    if (!keeps_) return linger();
    state_ = State::idle;
    waits_for(Wait::next_request);
    deadline_ = Clock::now() + shared_.limits.idle_time;
    if (buffer_.size() > 0) return read_head();
    watch();
  }

  // A close with unread bytes would be a reset, which takes the answer from the client as well.
  void linger() {
    state_ = State::lingering;
    waits_for(Wait::next_request);
    deadline_ = Clock::now() + kLinger;
    ErrorCode ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
    watch();
  }

  void discard() {
    std::array<char, 65536> bytes;  // NOLINT: nobody reads them
    ErrorCode error;
    socket_.read_some(asio::buffer(bytes), error);
    if (error && error != asio::error::would_block) return close();
    watch();
  }

  void take_back_body() {
    if (!parser_) return;
    taken_ += std::exchange(parser_->get().body().taken, 0);
    std::string().swap(parser_->get().body().text);
    give_back();
  }

  void give_back() { shared_.bodies.give_back(std::exchange(taken_, 0)); }

  void close() {
    if (state_ == State::closed) return;
    take_back_body();
    give_back();
    shared_.buffers.give_back(std::exchange(held_, 0));
    // Here and not in the destructor: the last one to hold it may be another thread.
    shared_.crowd.remove(place_, wait_);
    state_ = State::closed;
    deadline_ = kNever;
    ErrorCode ignored;
    socket_.close(ignored);
    rest_ = nullptr;
    const auto self = shared_from_this();
    if (shared_.connections.erase(self) > 0) shared_.connection_ended();
    if (gone_) std::exchange(gone_, nullptr)();
  }

  tcp::socket socket_;
  Shared& shared_;
  Wait wait_ = Wait::nothing;
  Crowd::Place place_;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<BudgetedBody>> parser_;
  Request request_;
  State state_ = State::idle;
  Clock::time_point deadline_ = kNever;
  std::string pending_;  // to be sent
  std::string flight_;   // being sent
  std::size_t sent_ = 0;
  std::shared_ptr<std::istream> rest_;  // of an answer, behind `pending_`
  std::uint64_t rest_left_ = 0;
  std::size_t taken_ = 0;      // of the bodies' memory
  std::size_t held_ = 0;       // of the buffers'
  std::size_t head_cost_ = 0;  // of what a head was taken apart into
  unsigned version_ = 11;
  bool watching_ = false;
  bool reading_body_ = false;  // the parser is in use
  bool writing_ = false;
  bool keeps_ = false;
  bool is_head_ = false;
  bool started_ = false;
  bool finished_ = false;
  bool chunked_ = false;
  std::function<void()> gone_;
};

bool Shared::let_go(std::initializer_list<Wait> waits, const Connection* other_than) {
  for (const Wait wait : waits) {
    Connection* const one = crowd.longest(wait);
    if (one == nullptr || one == other_than) continue;
    one->let_go();
    return true;
  }
  return false;
}

}  // namespace

struct Server::Impl {
  Shared shared;
  tcp::acceptor acceptor{shared.io};
  asio::steady_timer timer{shared.io};
  asio::signal_set signals{shared.io, SIGINT, SIGTERM};
  bool accepting = false;

  Impl(const Limits& limits, Handler& handler) : shared(limits, handler) {
    shared.connection_ended = [this] {
      if (!accepting) accept();
      end_if_done();
    };
  }

  bool is_full() const { return shared.connections.size() >= shared.limits.connections; }

  void accept() {
    const bool all_at_work = shared.crowd.longest(Wait::next_request) == nullptr &&
                             shared.crowd.longest(Wait::rest_of_request) == nullptr;
    accepting = !shared.stopping && !(is_full() && all_at_work);
    if (!accepting) return;
    acceptor.async_accept([this](ErrorCode error, tcp::socket socket) {
      if (!error) {
        ErrorCode ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        socket.non_blocking(true, ignored);
        // What the system holds for a client that does not read: else it grows to megabytes.
        socket.set_option(tcp::socket::send_buffer_size(kSendBuffer), ignored);
        if (is_full()) shared.let_go({Wait::next_request, Wait::rest_of_request});
        const auto connection = std::make_shared<Connection>(std::move(socket), shared);
        shared.connections.insert(connection);
        connection->begin();
      } else if (error == asio::error::operation_aborted) {
        return;
      } else if (error == asio::error::no_descriptors &&
                 shared.let_go({Wait::next_request, Wait::rest_of_request})) {
        // Others of this process had more than was left for them.
      } else if (error != asio::error::connection_aborted) {
        accepting = false;  // the next tick tries again
        return;
      }
      accept();
    });
  }

  void tick() {
    timer.expires_after(std::chrono::milliseconds(100));
    timer.async_wait([this](ErrorCode error) {
      if (error) return;
      const Clock::time_point now = Clock::now();
      const std::vector<std::shared_ptr<Connection>> all(shared.connections.begin(),
                                                         shared.connections.end());
      for (const auto& connection : all) connection->check_deadline(now);
      shared.handler.tick();
      if (!accepting) accept();
      if (!shared.stopping || !shared.connections.empty()) tick();
    });
  }

  void wait_for_signal() {
    signals.async_wait([this](ErrorCode error, int) {
      if (error) return;
      shared.handler.signal();
      wait_for_signal();
    });
  }

  void end_if_done() {
    if (!shared.stopping || !shared.connections.empty()) return;
    timer.cancel();
    signals.cancel();
  }
};

Server::Server(const Limits& limits, Handler& handler)
    : impl_(std::make_unique<Impl>(limits, handler)) {}

Server::~Server() = default;

std::uint16_t Server::listen(const std::string& host, std::uint16_t port) {
  ErrorCode error;
  tcp::resolver resolver(impl_->shared.io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  const auto fail = [&](const char* what) {
    throw std::runtime_error("cannot " + std::string(what) + " " + host + ":" +
                             std::to_string(port) + ": " + error.message());
  };
  if (error) fail("resolve");
  const tcp::endpoint endpoint = *found.begin();
  tcp::acceptor& acceptor = impl_->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (error) fail("open a socket for");
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.bind(endpoint, error);
  if (error) fail("listen on");
  acceptor.listen(tcp::acceptor::max_listen_connections, error);
  if (error) fail("listen on");
  return acceptor.local_endpoint().port();
}

void Server::run() {
  impl_->accept();
  impl_->tick();
  impl_->wait_for_signal();
  impl_->shared.io.run();
}

void Server::stop() {
  Shared& shared = impl_->shared;
  if (shared.stopping) return;
  shared.stopping = true;
  ErrorCode ignored;
  impl_->acceptor.close(ignored);
  const std::vector<std::shared_ptr<Connection>> all(shared.connections.begin(),
                                                     shared.connections.end());
  for (const auto& connection : all) connection->stop_if_idle();
  impl_->end_if_done();
}

void Server::post(std::function<void()> work) { asio::post(impl_->shared.io, std::move(work)); }

std::size_t Server::connections() const noexcept { return impl_->shared.connections.size(); }

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  ErrorCode error;
  const auto address = asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

}  // namespace server::http

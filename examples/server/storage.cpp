#include "storage.hpp"

#include "openai_protocol.hpp"

#include <cerrno>
#include <ctime>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace server {
namespace {

constexpr int kTicksASecond = 10;

// Whom a line's answer goes to. But for its making on the connections' thread.
class LineExchange final : public http::Exchange {
 public:
  explicit LineExchange(LineAnswering::Answered answered) : answered_(std::move(answered)) {}

  void send(const http::Response& response) override {
    gone_ = nullptr;
    answered_(response.status, response.body);
  }
  // A line asks for no stream.
  void start(int, const http::Headers&) override {}
  void write(std::string_view) override {}
  void finish() override {}
  void on_gone(std::function<void()> callback) override {
    is_cancelled_ ? callback() : void(gone_ = std::move(callback));
  }
  void cancel() {
    is_cancelled_ = true;
    if (gone_) std::exchange(gone_, nullptr)();
  }

 private:
  LineAnswering::Answered answered_;
  std::function<void()> gone_;
  bool is_cancelled_ = false;
};

}  // namespace

Storage::FolderLock::FolderLock(const std::filesystem::path& folder) {
  // What people ask is for nobody else on the machine.
  if (std::filesystem::create_directories(folder)) {
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  }
  const std::string path = (folder / "lock").string();
  file_ = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0) throw std::system_error(errno, std::generic_category(), path + ": cannot open");
  if (flock(file_, LOCK_EX | LOCK_NB) != 0) {
    close(file_);
    throw std::runtime_error(folder.string() + ": another server uses it");
  }
}

Storage::FolderLock::~FolderLock() { close(file_); }

Storage::Storage(const StorageOptions& options, LineServer lines, FailureResponse failure,
                 Post post, BatchJobs::Log log)
    : lines_(std::move(lines)),
      failure_(std::move(failure)),
      post_(std::move(post)),
      lock_(options.folder),
      files_(options.folder / "files", options.most_bytes),
      batches_(options.folder / "batches", files_, options.most_lines, answering(),
               std::move(log)) {
  worker_.post([this] { batches_.go_on(); });
}

// What is not written yet is answered again by the next server.
Storage::~Storage() { worker_.stop(); }

LineAnswering Storage::answering() {
  const auto ask = [this](std::string path, std::string body, LineAnswering::Answered answered) {
    auto exchange = std::make_shared<LineExchange>(
        [this, answered = std::move(answered)](int status, const std::string& answer) {
          worker_.post([answered, status, answer] { answered(status, answer); });
        });
    post_([this, exchange, path = std::move(path), body = std::move(body)] {
      lines_.answer({.method = "POST", .path = path, .query = {}, .headers = {}, .body = body},
                    exchange);
    });
    return [this, exchange] { post_([exchange] { exchange->cancel(); }); };
  };
  return {lines_.knows, ask, openai_failure};
}

void Storage::ask(Call call, StoredCall given, std::shared_ptr<http::Exchange> exchange) {
  worker_.post([this, call, given = std::move(given), exchange = std::move(exchange)] {
    http::Response response;
    try {
      response = call(files_, batches_, given);
    } catch (const std::exception& error) {
      response = failure_(failure_of(error));
    }
    post_([exchange, response] { exchange->send(response); });
    batches_.go_on();
  });
}

void Storage::tick() {
  if (++ticks_ % kTicksASecond != 0 || is_ticking_.exchange(true)) return;
  worker_.post([this] {
    is_ticking_ = false;
    forget_expired();
    batches_.go_on();
  });
}

void Storage::drain() {
  worker_.post([this] { batches_.drain(); });
}

// Not what a batch still reads.
void Storage::forget_expired() {
  const std::int64_t now = std::time(nullptr);
  std::vector<std::string> gone;
  for (const openai::Json& file : files_.all()) {
    const std::string id = file["id"];
    const bool is_over =
        file.contains("expires_at") && file["expires_at"].get<std::int64_t>() <= now;
    if (is_over && !batches_.uses(id)) gone.push_back(id);
  }
  for (const std::string& id : gone) files_.remove(id);
}

}  // namespace server

#include "interrupt.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace cli {
namespace {

constexpr char kInterrupt = 'i';
constexpr char kEnd = 'e';

// A signal handler may do little: it writes to a pipe, and a thread reads there.
struct State {
  std::array<int, 2> pipe = {-1, -1};
  std::atomic<bool> interrupted = false;
  std::function<void()> stop;
  std::thread watcher;
  struct sigaction before = {};
};

State& state() {
  static State instance;
  return instance;
}

std::atomic<int> write_end = -1;

void on_signal(int /*number*/) {
  const int saved = errno;
  [[maybe_unused]] const ssize_t written = ::write(write_end.load(), &kInterrupt, 1);
  errno = saved;
}

void watch() {
  State& shared = state();
  char message = 0;
  while (true) {
    const ssize_t count = ::read(shared.pipe[0], &message, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0 || message == kEnd) return;
    shared.interrupted = true;
    shared.stop();
  }
}

}  // namespace

InterruptScope::InterruptScope(std::function<void()> stop) {
  State& shared = state();
  if (::pipe2(shared.pipe.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot make a pipe");
  shared.stop = std::move(stop);
  shared.interrupted = false;
  write_end = shared.pipe[1];
  shared.watcher = std::thread(watch);
  struct sigaction action = {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &shared.before);
}

InterruptScope::~InterruptScope() {
  State& shared = state();
  ::sigaction(SIGINT, &shared.before, nullptr);
  [[maybe_unused]] const ssize_t written = ::write(shared.pipe[1], &kEnd, 1);
  shared.watcher.join();
  ::close(shared.pipe[0]);
  ::close(shared.pipe[1]);
}

bool InterruptScope::interrupted() const noexcept { return state().interrupted; }

}  // namespace cli

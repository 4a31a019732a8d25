#include "loop_watch.hpp"

#include <QFile>
#include <ctime>

namespace desktop_test {
namespace {

double milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

// What the calling thread has waited for a processor: the second number of Linux's schedstat.
double waiting() {
  QFile file("/proc/thread-self/schedstat");
  if (!file.open(QIODevice::ReadOnly)) return 0;
  return file.readAll().split(' ').value(1).toDouble() * 1e-6;
}

}  // namespace

LoopWatch::LoopWatch() {
  timer_.setTimerType(Qt::PreciseTimer);
  timer_.callOnTimeout(this, [this] { tick(); });
}

void LoopWatch::start() {
  first_ = true;
  longest_ = longest_at_work_ = 0;
  timer_.start(1);
}

void LoopWatch::tick() {
  const double wall = milliseconds(CLOCK_MONOTONIC);
  const double waited = waiting();
  const double work = milliseconds(CLOCK_THREAD_CPUTIME_ID);
  if (!first_) {
    const double gap = (wall - last_wall_) - (waited - last_waiting_);
    if (gap > longest_) {
      longest_ = gap;
      longest_at_work_ = work - last_work_;
    }
  }
  first_ = false;
  last_wall_ = wall;
  last_waiting_ = waited;
  last_work_ = work;
}

}  // namespace desktop_test

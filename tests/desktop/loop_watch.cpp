#include "loop_watch.hpp"

#include <QEventLoop>
#include <QFile>
#include <algorithm>
#include <ctime>

#include <sys/resource.h>

namespace desktop_test {
namespace {

double milliseconds(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

}  // namespace

void spin(int milliseconds) {
  QEventLoop loop;
  QTimer::singleShot(milliseconds, &loop, &QEventLoop::quit);
  loop.exec();
}

bool LoopWatch::counts() { return qEnvironmentVariableIsSet("TLITE_TEST_TIMED"); }

LoopWatch::LoopWatch() {
  often_.setTimerType(Qt::PreciseTimer);
  often_.callOnTimeout(this, &LoopWatch::tick);
}

void LoopWatch::start() {
  last_ = read();
  at_work_ = asleep_ = 0;
  often_.start(1);
}

// What the thread has waited for a processor is the second number of Linux's schedstat.
LoopWatch::Clocks LoopWatch::read() {
  Clocks now;
  now.wall = milliseconds(CLOCK_MONOTONIC);
  now.work = milliseconds(CLOCK_THREAD_CPUTIME_ID);
  QFile file("/proc/thread-self/schedstat");
  if (file.open(QIODevice::ReadOnly)) {
    now.waiting = file.readAll().split(' ').value(1).toDouble() * 1e-6;
  }
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  now.sleeps = usage.ru_nvcsw;
  return now;
}

void LoopWatch::tick() {
  const Clocks now = read();
  at_work_ = std::max(at_work_, now.work - last_.work);
  const double gap = (now.wall - last_.wall) - (now.waiting - last_.waiting);
  if (now.sleeps > last_.sleeps) asleep_ = std::max(asleep_, gap);
  last_ = now;
}

}  // namespace desktop_test

#include "loop_watch.hpp"

#include <QAbstractEventDispatcher>
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

bool LoopWatch::counts() { return !qEnvironmentVariableIsSet("TLITE_TEST_UNTIMED"); }

LoopWatch::LoopWatch() {
  often_.setTimerType(Qt::PreciseTimer);
  connect(QAbstractEventDispatcher::instance(), &QAbstractEventDispatcher::aboutToBlock, this,
          &LoopWatch::rests);
}

void LoopWatch::start() {
  last_ = read();
  longest_ = longest_at_work_ = 0;
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

void LoopWatch::rests() {
  const Clocks now = read();
  const double work = now.work - last_.work;
  const bool slept = now.sleeps > last_.sleeps + 1;  // once where the loop waits
  const double gap = (now.wall - last_.wall) - (now.waiting - last_.waiting);
  longest_at_work_ = std::max(longest_at_work_, work);
  longest_ = std::max(longest_, slept ? gap : work);
  last_ = now;
}

}  // namespace desktop_test

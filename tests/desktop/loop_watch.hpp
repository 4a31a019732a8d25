// How long the window's thread went without looking at events, by us: what other processes took
// from it does not count.
#pragma once

#include <QObject>
#include <QTimer>

namespace desktop_test {

class LoopWatch : public QObject {
 public:
  LoopWatch();

  void start();
  // Milliseconds of the longest gap since start(): time at work or asleep in a call, without what the
  // thread waited for a processor.
  double longest() const { return longest_; }
  // Of that gap, by the processor's clock.
  double longest_at_work() const { return longest_at_work_; }

 private:
  void tick();

  QTimer timer_;
  double last_wall_ = 0;
  double last_waiting_ = 0;
  double last_work_ = 0;
  bool first_ = true;
  double longest_ = 0;
  double longest_at_work_ = 0;
};

}  // namespace desktop_test

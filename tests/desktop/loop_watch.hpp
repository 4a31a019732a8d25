// How long the window's thread went without looking at events, by us: what other processes, and other
// machines on the same processor, took from it does not count.
#pragma once

#include <QObject>
#include <QTimer>

namespace desktop_test {

// An event loop as a program's, where QTest's own way to wait sleeps.
void spin(int milliseconds);

class LoopWatch : public QObject {
 public:
  LoopWatch();

  void start();
  // Milliseconds of the longest time between two looks for events: at work, and where the thread
  // went to sleep in a call also that, without what it waited for a processor.
  double longest() const { return longest_; }
  // The longest by the processor's clock.
  double longest_at_work() const { return longest_at_work_; }

  // False under valgrind and the like: TLITE_TEST_UNTIMED.
  static bool counts();

 private:
  struct Clocks {
    double wall = 0;     // milliseconds
    double waiting = 0;  // for a processor
    double work = 0;
    long sleeps = 0;
  };
  static Clocks read();
  void rests();

  QTimer often_;  // so that the loop itself sleeps a millisecond at most
  Clocks last_;
  double longest_ = 0;
  double longest_at_work_ = 0;
};

}  // namespace desktop_test

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
  // Milliseconds of the longest time between two looks for events, by the processor's clock.
  double at_work() const { return at_work_; }
  // The same by the wall's clock without what the thread waited for a processor, where it went to
  // sleep in between: in a call of ours, or because there was nothing to do for a millisecond.
  double asleep() const { return asleep_; }

  // Whether times are held to their bounds: with TLITE_TEST_TIMED, on a machine that does nothing
  // else. They are always printed; tests that anybody runs must not hang on the machine's load.
  static bool counts();

 private:
  struct Clocks {
    double wall = 0;     // milliseconds
    double waiting = 0;  // for a processor
    double work = 0;
    long sleeps = 0;
  };
  static Clocks read();
  void tick();

  QTimer often_;  // once in each turn of the loop, or a millisecond later
  Clocks last_;
  double at_work_ = 0;
  double asleep_ = 0;
};

}  // namespace desktop_test

// A window over a folder of its own, driven as a user would.
#pragma once

#include <QTemporaryDir>
#include <QTest>
#include <memory>
#include <optional>

#include <view/main_window.hpp>

namespace desktop_test {

class Driver {
 public:
  // Over `folder`, or over a temporary one.
  explicit Driver(const QString& folder = {});
  ~Driver();

  // Of the windows that come.
  static void set_theme(desktop::Theme theme);

  desktop::MainWindow& window() { return *window_; }
  desktop::Chats& chats() { return window_->chats(); }
  const QString& folder() const { return folder_; }

  template <typename Widget>
  Widget* find(const char* name) {
    return window_->findChild<Widget*>(QString::fromLatin1(name));
  }
  // The same within a turn.
  template <typename Widget>
  Widget* find_in(QWidget* of, const char* name) {
    return of->findChild<Widget*>(QString::fromLatin1(name));
  }

  // Opens the dialog, waits for the plan, presses Load, waits.
  bool load(const QString& path = TLITE_TEST_MODEL);
  // Writes and presses Enter; waits for the answer unless told otherwise.
  bool ask(const QString& text, bool wait = true);
  bool wait_for_answers();
  // The turns on show, and the last of them.
  QList<desktop::TurnView*> turns() { return window_->thread().turns(); }
  desktop::TurnView* last_turn();
  // What the conversation on show says there.
  desktop::Turn last();
  void set(std::size_t number, std::optional<double> value);
  // From now on answers are of any tokens and end where the context does.
  void babble();
  // Closes the window as its cross does, and waits until all is done.
  bool close();

 private:
  QTemporaryDir temporary_;
  QString folder_;
  std::unique_ptr<desktop::MainWindow> window_;
};

// Places in desktop::kNumberParameters.
inline constexpr std::size_t kTemperature = 0, kTopP = 1, kTopK = 2, kMaxTokens = 5, kSeed = 6;

inline constexpr int kPatience = 60'000;  // milliseconds: machines are shared

}  // namespace desktop_test

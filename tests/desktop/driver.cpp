#include "driver.hpp"

#include <QDialog>
#include <QPushButton>
#include <QSignalSpy>

#include <view/style.hpp>

namespace desktop_test {

using namespace desktop;

namespace {

Theme wanted_theme = Theme::light;

}  // namespace

void Driver::set_theme(Theme theme) { wanted_theme = theme; }

Driver::Driver(const QString& folder) : folder_(folder.isEmpty() ? temporary_.path() : folder) {
  Preferences preferences = read_preferences(folder_ + "/preferences.ini");
  preferences.language = language();
  preferences.theme = wanted_theme;
  apply_theme(wanted_theme);
  window_ = std::make_unique<MainWindow>(folder_, preferences);
  window_->show();
  window_->activateWindow();
  [[maybe_unused]] const bool active = QTest::qWaitForWindowActive(window_.get());
}

Driver::~Driver() { close(); }

bool Driver::close() {
  if (!window_) return true;
  QSignalSpy closed(window_.get(), &MainWindow::closed);
  window_->close();
  const bool done = QTest::qWaitFor([&] { return closed.count() > 0; }, kPatience);
  window_.reset();
  return done;
}

bool Driver::load(const QString& path) {
  QSignalSpy loaded(&window_->models(), &Models::loaded);
  window_->open_model(path);
  auto* const button = find<QPushButton>("model_load");
  if (!QTest::qWaitFor([&] { return button->isEnabled(); }, kPatience)) return false;
  QTest::mouseClick(button, Qt::LeftButton);
  if (!QTest::qWaitFor([&] { return loaded.count() > 0; }, kPatience)) return false;
  window_->activateWindow();  // the dialog had been active
  return QTest::qWaitForWindowActive(window_.get());
}

bool Driver::wait_for_answers() {
  return QTest::qWaitFor([&] { return !chats().is_running(); }, kPatience);
}

bool Driver::ask(const QString& text, bool wait) {
  auto* const edit = find<MessageEdit>("message_edit");
  edit->setFocus();
  edit->setPlainText(text);
  QTest::keyClick(edit, Qt::Key_Return);
  return !wait || wait_for_answers();
}

TurnView* Driver::last_turn() { return turns().isEmpty() ? nullptr : turns().last(); }

Turn Driver::last() {
  const Turn* const turn = find_turn(chats().current(), chats().current().leaf);
  return turn == nullptr ? Turn() : *turn;
}

void Driver::set(std::size_t number, std::optional<double> value) {
  Settings settings = chats().current().settings;
  settings.parameters.numbers[number] = value;
  chats().set_settings(settings);
}

void Driver::babble() {
  for (const auto& [number, value] : {std::pair(kTemperature, 10.0), std::pair(kTopP, 1.0),
                                      std::pair(kTopK, 0.0), std::pair(kSeed, 3.0)}) {
    set(number, value);
  }
}

}  // namespace desktop_test

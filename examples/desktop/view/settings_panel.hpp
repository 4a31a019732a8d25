// The panel on the right: how the conversation on show is answered.
#pragma once

#include "../state/chats.hpp"
#include "choice.hpp"
#include "icon_button.hpp"

#include <QFrame>
#include <QLabel>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QVBoxLayout>
#include <array>
#include <functional>
#include <vector>

namespace desktop {

class SettingsPanel : public QFrame {
  Q_OBJECT

 public:
  explicit SettingsPanel(Chats& chats, QWidget* parent = nullptr);

 signals:
  void closed();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void build_numbers();
  void build_rest();
  QLabel* label(Text text, const char* kind, QWidget* of);
  void read_number(std::size_t at);
  void change(const std::function<void(Settings&)>& what);
  void refresh();        // what is said
  void show_settings();  // what is set

  Chats& chats_;
  QVBoxLayout* column_;
  IconButton* close_;
  std::vector<std::pair<QLabel*, Text>> labels_;
  QPlainTextEdit* system_;
  std::array<QLineEdit*, kNumberParameters.size()> numbers_{};
  QPlainTextEdit* stop_;
  Choice* thinking_;
  Choice* alternatives_;
  QPushButton* reset_;
  bool showing_ = false;
};

}  // namespace desktop

// The panel on the left: conversations, and what the window itself is set to.
#pragma once

#include "../state/chats.hpp"
#include "../store/preferences.hpp"
#include "choice.hpp"
#include "icon_button.hpp"

#include <QFrame>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>

namespace desktop {

class ConversationList : public QFrame {
  Q_OBJECT

 public:
  ConversationList(Chats& chats, const Preferences& preferences, QWidget* parent = nullptr);

  void set_closable(bool closable) { close_->setVisible(closable); }
  void rename_current();
  void remove_current();

 signals:
  void new_conversation();
  void chosen();
  void closed();
  void exported();
  void imported();
  void language_chosen(desktop::Language language);
  void theme_chosen(desktop::Theme theme);

 protected:
  void changeEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;

 private:
  void build_foot(const Preferences& preferences);
  void refresh_list();
  void refresh();
  void show_menu(const QPoint& point);

  Chats& chats_;
  QLabel* brand_;
  IconButton* close_;
  QPushButton* new_;
  QListWidget* list_;
  QLabel* hint_;
  QPushButton* export_;
  QPushButton* import_;
  Choice* language_;
  Choice* theme_;
};

}  // namespace desktop

// Over the talk: its title, the model and how far it is loaded, and what opens the panels.
#pragma once

#include "../state/chats.hpp"
#include "../state/models.hpp"
#include "elided_label.hpp"
#include "icon_button.hpp"

#include <QFrame>
#include <QMenu>
#include <QProgressBar>
#include <QToolButton>

namespace desktop {

class Header : public QFrame {
  Q_OBJECT

 public:
  Header(const Chats& chats, const Models& models, QWidget* parent = nullptr);

  QMenu& menu() { return *menu_; }
  QMenu& model_menu() { return *model_menu_; }

 signals:
  void list_toggled();
  void settings_toggled();
  void loading_cancelled();

 public:
  void refresh();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  const Chats& chats_;
  const Models& models_;
  IconButton* list_;
  ElidedLabel* title_;
  QToolButton* model_;
  QMenu* model_menu_;
  QProgressBar* progress_;
  IconButton* cancel_;
  IconButton* more_;
  QMenu* menu_;
  IconButton* settings_;
};

}  // namespace desktop

// A turn while it is changed. What comes of it is a branch; the turn itself stays.
#pragma once

#include "../conversation/conversation.hpp"

#include <QPlainTextEdit>
#include <QPushButton>
#include <QWidget>

namespace desktop {

class TurnEditor : public QWidget {
  Q_OBJECT

 public:
  TurnEditor(const QString& text, Role role, QWidget* parent);

 signals:
  void submitted(const QString& text);
  void cancelled();

 protected:
  // Ctrl+Enter submits, Escape leaves.
  bool eventFilter(QObject* watched, QEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void submit();
  void refresh();

  Role role_;
  QPlainTextEdit* edit_;
  QPushButton* cancel_;
  QPushButton* save_;
};

}  // namespace desktop

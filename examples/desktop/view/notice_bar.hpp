// Short messages to the user, one at a time, over the foot of the window.
#pragma once

#include "icon_button.hpp"

#include <QFrame>
#include <QLabel>
#include <QTimer>

namespace desktop {

class NoticeBar : public QFrame {
  Q_OBJECT

 public:
  explicit NoticeBar(QWidget* parent);

  void tell(const QString& message);
  QString message() const { return label_->text(); }
  void arrange();  // the parent has another size

 private:
  QLabel* label_;
  IconButton* close_;
  QTimer timer_;
};

}  // namespace desktop

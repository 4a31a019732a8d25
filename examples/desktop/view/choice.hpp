// A combo box with a chevron: a style sheet can show a picture there alone.
#pragma once

#include <QComboBox>

namespace desktop {

class Choice : public QComboBox {
  Q_OBJECT

 public:
  explicit Choice(QWidget* parent = nullptr) : QComboBox(parent) {}

 protected:
  void paintEvent(QPaintEvent* event) override;
  // It stands in panels that scroll: a wheel over it must not change it.
  void wheelEvent(QWheelEvent* event) override;
};

}  // namespace desktop

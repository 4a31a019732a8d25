// A button that is an icon. Its name is spoken by screen readers and shown as a tip; icon and name
// follow the theme and the language.
#pragma once

#include "../text/texts.hpp"
#include "icons.hpp"

#include <QToolButton>

namespace desktop {

class IconButton : public QToolButton {
  Q_OBJECT

 public:
  IconButton(Icon icon, Text label, QWidget* parent = nullptr);

  void set(Icon icon, Text label);
  // On a ground of the accent's colour.
  void set_primary();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void refresh();

  Icon icon_;
  Text label_;
  bool primary_ = false;
};

}  // namespace desktop

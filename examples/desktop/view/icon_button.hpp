// A button that is an icon. Its name is spoken by screen readers and shown as a tip; icon and name
// follow the theme and the language.
#pragma once

#include "../prose/colours.hpp"
#include "../text/texts.hpp"
#include "icons.hpp"

#include <QToolButton>

namespace desktop {

class IconButton : public QToolButton {
  Q_OBJECT

 public:
  IconButton(Icon icon, Text label, QWidget* parent = nullptr);

  void set(Icon icon, Text label);
  // On another ground than the window's: a kind of the style sheet, and the icon's colour on it.
  void set_kind(const char* kind, QColor Colours::*colour);

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void refresh();

  Icon icon_;
  Text label_;
  QColor Colours::*colour_ = &Colours::quiet;
};

}  // namespace desktop

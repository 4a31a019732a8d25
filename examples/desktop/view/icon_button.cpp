#include "icon_button.hpp"

#include <QEvent>

namespace desktop {

IconButton::IconButton(Icon icon, Text label, QWidget* parent)
    : QToolButton(parent), icon_(icon), label_(label) {
  setProperty("kind", "icon");
  setIconSize({18, 18});
  setCursor(Qt::PointingHandCursor);
  setFocusPolicy(Qt::StrongFocus);
  refresh();
}

void IconButton::set(Icon icon, Text label) {
  if (icon == icon_ && label == label_) return;
  icon_ = icon;
  label_ = label;
  refresh();
}

void IconButton::set_kind(const char* kind, QColor Colours::*colour) {
  colour_ = colour;
  setProperty("kind", kind);
  refresh();
}

void IconButton::refresh() {
  setIcon(draw_icon(icon_, colours().*colour_));
  setAccessibleName(say(label_));
  setToolTip(say(label_));
}

void IconButton::changeEvent(QEvent* event) {
  QToolButton::changeEvent(event);
  const QEvent::Type type = event->type();
  if (type == QEvent::PaletteChange || type == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

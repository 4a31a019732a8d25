#include "elided_label.hpp"

#include <QPainter>

namespace desktop {

ElidedLabel::ElidedLabel(QWidget* parent) : QLabel(parent) {
  setTextFormat(Qt::PlainText);
  setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
}

void ElidedLabel::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setPen(palette().color(foregroundRole()));
  const int alignment = static_cast<int>(this->alignment() | Qt::AlignVCenter);
  painter.drawText(rect(), alignment, fontMetrics().elidedText(text(), Qt::ElideRight, width()));
}

}  // namespace desktop

#include "choice.hpp"

#include "../prose/colours.hpp"

#include <QPainter>
#include <QWheelEvent>

namespace desktop {

void Choice::paintEvent(QPaintEvent* event) {
  QComboBox::paintEvent(event);
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  const QColor colour = isEnabled() ? colours().quiet : colours().line_strong;
  painter.setPen(QPen(colour, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  const QPointF tip(width() - 16, height() / 2.0 + 2.5);
  painter.drawPolyline(QPolygonF({tip + QPointF(-4.5, -4.5), tip, tip + QPointF(4.5, -4.5)}));
}

void Choice::wheelEvent(QWheelEvent* event) { event->ignore(); }

}  // namespace desktop

#include "icons.hpp"

#include "../prose/colours.hpp"

#include <QHash>
#include <QPainter>
#include <QPainterPath>
#include <QPixmap>
#include <QRegularExpression>
#include <QStringList>
#include <array>
#include <cstddef>
#include <utility>

namespace desktop {
namespace {

// Moves and lines, and arcs: A x y radius, from, span, in degrees, about a centre.
constexpr std::array kPaths{
    "M 4 7 L 20 7 M 4 12 L 20 12 M 4 17 L 20 17",
    "M 12 5 L 12 19 M 5 12 L 19 12",
    "M 4 8 L 13 8 M 17 8 L 20 8 M 4 16 L 7 16 M 11 16 L 20 16 M 15 5.5 L 15 10.5 M 9 13.5 L 9 18.5",
    "M 6 6 L 18 18 M 18 6 L 6 18",
    "M 12 19 L 12 5 M 6 11 L 12 5 L 18 11",
    "M 8 8 L 16 8 L 16 16 L 8 16 L 8 8",
    "M 9 9 L 19 9 L 19 19 L 9 19 L 9 9 M 15 9 L 15 5 L 5 5 L 5 15 L 9 15",
    "M 5 12.5 L 9.5 17 L 19 7.5",
    "M 5 19 L 6 15 L 16.5 4.5 L 19.5 7.5 L 9 18 L 5 19",
    "A 12 12 7 0 -315 M 19 4 L 19 8 L 15 8",
    "M 14.5 6 L 8.5 12 L 14.5 18",
    "M 9.5 6 L 15.5 12 L 9.5 18",
    "M 12 5 L 12 19 M 6 13 L 12 19 L 18 13",
    "M 5 7 L 19 7 M 10 7 L 10 4.5 L 14 4.5 L 14 7 M 7 7 L 8 19.5 L 16 19.5 L 17 7",
    "M 4 18 L 4 9 M 9.3 18 L 9.3 13 M 14.6 18 L 14.6 6 M 20 18 L 20 10",
    "A 6 12 0.7 0 360 A 12 12 0.7 0 360 A 18 12 0.7 0 360",
    "M 7 7 L 17 7 L 17 17 L 7 17 L 7 7 M 10 4 L 10 7 M 14 4 L 14 7 M 10 17 L 10 20 M 14 17 L 14 20 "
    "M 4 10 L 7 10 M 4 14 L 7 14 M 17 10 L 20 10 M 17 14 L 20 14",
    "M 4 18 L 4 6 L 10 6 L 12 8.5 L 20 8.5 L 20 18 L 4 18",
};

QPainterPath path_of(Icon which) {
  const QStringList words = QString::fromLatin1(kPaths[static_cast<std::size_t>(which)]).split(' ');
  QPainterPath path;
  for (qsizetype at = 0; at < words.size();) {
    const auto number = [&](qsizetype offset) { return words[at + offset].toDouble(); };
    if (words[at] == "A") {
      const double radius = number(3);
      const QRectF box(number(1) - radius, number(2) - radius, 2 * radius, 2 * radius);
      path.arcMoveTo(box, number(4));
      path.arcTo(box, number(4), number(5));
      at += 6;
      continue;
    }
    if (words[at] == "M") path.moveTo(number(1), number(2));
    if (words[at] == "L") path.lineTo(number(1), number(2));
    at += 3;
  }
  return path;
}

QPixmap pixmap_of(const QPainterPath& path, const QColor& colour, int size) {
  QPixmap pixmap(size, size);
  pixmap.fill(Qt::transparent);
  QPainter painter(&pixmap);
  painter.setRenderHint(QPainter::Antialiasing);
  painter.scale(size / 24.0, size / 24.0);
  painter.setPen(QPen(colour, 1.7, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
  painter.drawPath(path);
  return pixmap;
}

}  // namespace

// Kept: each turn of a talk has six of them.
QIcon draw_icon(Icon which, const QColor& colour) {
  static QHash<std::pair<int, QRgb>, QIcon> drawn;  // of the thread of the window alone
  QIcon& made = drawn[{static_cast<int>(which), colour.rgba()}];
  if (!made.isNull()) return made;
  const QPainterPath path = path_of(which);
  QColor faint = colours().quiet;
  faint.setAlphaF(0.5F);
  for (const int size : {18, 20, 36, 40}) {
    made.addPixmap(pixmap_of(path, colour, size), QIcon::Normal);
    made.addPixmap(pixmap_of(path, faint, size), QIcon::Disabled);
  }
  return made;
}

}  // namespace desktop

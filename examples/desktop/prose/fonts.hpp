// Fonts by what they are beside others: a style sheet gives pixels, the system points.
#pragma once

#include <QFont>
#include <QFontDatabase>
#include <QFontInfo>

namespace desktop {

inline QFont scaled(QFont font, double factor) {
  font.setPixelSize(qMax(1, qRound(QFontInfo(font).pixelSize() * factor)));
  return font;
}

// As large as letters of `beside` look.
inline QFont code_font(const QFont& beside) {
  QFont font = QFontDatabase::systemFont(QFontDatabase::FixedFont);
  font.setPixelSize(scaled(beside, 0.94).pixelSize());
  return font;
}

}  // namespace desktop

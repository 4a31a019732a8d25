// Line icons on a grid of 24, those of the server's page, drawn for any colour and resolution.
#pragma once

#include <QColor>
#include <QIcon>

namespace desktop {

enum class Icon {
  menu,
  plus,
  sliders,
  close,
  send,
  stop,
  copy,
  check,
  edit,
  again,
  left,
  right,
  down,
  trash,
  tokens,
  more,
  chip,
  folder
};

QIcon draw_icon(Icon which, const QColor& colour);

}  // namespace desktop

// The palette, that of the server's page: paper and ink, and one colour of the brand. Each pair of
// text and ground has a contrast of 4.5 at least.
#pragma once

#include <QColor>

namespace desktop {

struct Colours {
  QColor ground, panel, raised, bubble;
  QColor ink, quiet;
  QColor line, line_strong, hover;
  QColor accent, on_accent, brand;
  QColor wrong, wrong_ground;
  QColor surprise;
};

const Colours& light_colours();
const Colours& dark_colours();

// Those of the window now.
const Colours& colours();
void set_colours(const Colours& colours);

}  // namespace desktop

// How the window looks: palette and style sheet of its colours.
#pragma once

#include "../store/preferences.hpp"

namespace desktop {

// Call once, before a theme is applied: what the system's own palette was decides `automatic`.
void remember_system_palette();
void apply_theme(Theme theme);

}  // namespace desktop

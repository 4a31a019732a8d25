#include "colours.hpp"

namespace desktop {
namespace {

const Colours* chosen = nullptr;  // of the thread of the window alone

}  // namespace

const Colours& light_colours() {
  static const Colours kLight{
      .ground = "#fbfaf7",
      .panel = "#f4f2ec",
      .raised = "#ffffff",
      .bubble = "#eeebe2",
      .ink = "#211f1a",
      .quiet = "#68645a",
      .line = "#e3dfd5",
      .line_strong = "#8d887b",
      .hover = "#e9e5da",
      .accent = "#0b6b5d",
      .on_accent = "#ffffff",
      .brand = "#ffd84d",
      .wrong = "#b3261e",
      .wrong_ground = "#fdecea",
      .surprise = "#ffb35c",
  };
  return kLight;
}

const Colours& dark_colours() {
  static const Colours kDark{
      .ground = "#161512",
      .panel = "#1c1b17",
      .raised = "#23211d",
      .bubble = "#2b2924",
      .ink = "#ece9e1",
      .quiet = "#a8a397",
      .line = "#35322c",
      .line_strong = "#7b766a",
      .hover = "#302e28",
      .accent = "#74cdb8",
      .on_accent = "#10231f",
      .brand = "#ffd84d",
      .wrong = "#ff9c93",
      .wrong_ground = "#3a211f",
      .surprise = "#8a4b05",
  };
  return kDark;
}

const Colours& colours() { return chosen != nullptr ? *chosen : light_colours(); }

void set_colours(const Colours& colours) { chosen = &colours; }

}  // namespace desktop

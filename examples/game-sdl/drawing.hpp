#pragma once

#include "canvas.hpp"
#include "frame_times.hpp"
#include "game.hpp"

#include <cstdint>
#include <string>

// What the player types, and which language the room's own words are in.
struct View {
  std::string typed;
  bool english = false;
  std::uint64_t frame = 0;
};

void draw(Canvas& canvas, Game& game, const FrameTimes& times, const View& view);
// Which person stands at a point of the window; 3: none.
std::size_t person_at(int x, int y);

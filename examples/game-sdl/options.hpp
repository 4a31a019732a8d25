#pragma once

#include <cstdint>
#include <string>

struct Options {
  std::string model;
  std::string font = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf";
  std::string save_file = "schoolroom.json";
  std::string screenshot;         // of the last frame; empty: none
  double budget_ms = 4;           // of a frame, for the characters
  std::int64_t frames = 0;        // 0: until the window is closed; else plays itself
  std::int32_t world_tokens = 0;  // about so many tokens of common prompt; 0: the short one
  std::int32_t threads = -1;      // -1: one per physical core
  bool paced = true;              // 60 frames a second; else as many as there can be
  bool prepared = true;           // the common prompt is worked through on the loading screen
  bool english = false;
};

// Reads the command line; false, and `error` names the argument, where it does not fit.
bool parse(int argc, char** argv, Options& options, std::string& error);
extern const char* const kUsage;

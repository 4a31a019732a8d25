#include "options.hpp"

#include <cstdlib>
#include <limits>
#include <string_view>

const char* const kUsage =
    "usage: schoolroom MODEL [options]\n"
    "  MODEL               a .gguf file or a Hugging Face directory of the Qwen2.5 family\n"
    "  --budget MS         of each frame, for the characters (4)\n"
    "  --threads N         of the characters (one per physical core)\n"
    "  --english           the room's own words in English\n"
    "  --font FILE         TrueType, with Cyrillic letters\n"
    "  --save-file FILE    F5 and F9 save and load (schoolroom.json)\n"
    "  --frames N          plays itself for N frames, prints what they took, and ends\n"
    "  --unpaced           frames as fast as they come\n"
    "  --unprepared        no work on the common prompt before somebody speaks\n"
    "  --world-tokens N    a longer common prompt, of about N tokens\n"
    "  --screenshot FILE   the last frame as BMP\n";

namespace {

bool number(const char* text, double least, double most, double& out) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= least && value <= most)) return false;
  out = value;
  return true;
}

// The value of `name`, or false with an error that names both.
template <class T>
bool take(const std::string& name, const char* text, double least, T& out, std::string& error) {
  const double most = sizeof(T) == 4 ? 1e9 : 1e12;
  double value = 0;
  if (text == nullptr) {
    error = name + " needs a value";
  } else if (!number(text, least, most, value)) {
    error = name + " is " + text + "; it takes a number from " + std::to_string(least) + " on";
  } else {
    out = static_cast<T>(value);
    return true;
  }
  return false;
}

bool take(const std::string& name, const char* text, std::string& out, std::string& error) {
  if (text == nullptr) {
    error = name + " needs a value";
    return false;
  }
  out = text;
  return true;
}

}  // namespace

bool parse(int argc, char** argv, Options& options, std::string& error) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const char* const value = i + 1 < argc ? argv[i + 1] : nullptr;
    bool has_value = true;
    bool fits = true;
    if (name == "--budget") {
      fits = take(name, value, 0.1, options.budget_ms, error);
    } else if (name == "--threads") {
      fits = take(name, value, 1, options.threads, error);
    } else if (name == "--frames") {
      fits = take(name, value, 1, options.frames, error);
    } else if (name == "--world-tokens") {
      fits = take(name, value, 0, options.world_tokens, error);
    } else if (name == "--font") {
      fits = take(name, value, options.font, error);
    } else if (name == "--save-file") {
      fits = take(name, value, options.save_file, error);
    } else if (name == "--screenshot") {
      fits = take(name, value, options.screenshot, error);
    } else {
      has_value = false;
      if (name == "--unpaced") {
        options.paced = false;
      } else if (name == "--unprepared") {
        options.prepared = false;
      } else if (name == "--english") {
        options.english = true;
      } else if (name.empty()) {
        error = "an argument is empty";
        fits = false;
      } else if (name.front() == '-' || !options.model.empty()) {
        error = "unknown argument: " + name;
        fits = false;
      } else {
        options.model = name;
      }
    }
    if (!fits) return false;
    i += has_value ? 1 : 0;
  }
  if (options.model.empty()) error = "which model?";
  return error.empty();
}

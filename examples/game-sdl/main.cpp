// A schoolroom by the sea: three characters on one engine, at 60 frames a second.
//
//   schoolroom MODEL             SDL_VIDEODRIVER=dummy schoolroom MODEL --frames 600
#include "canvas.hpp"
#include "drawing.hpp"
#include "frame_times.hpp"
#include "game.hpp"
#include "options.hpp"

#include <chrono>
#include <cstdio>
#include <thread>

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::nanoseconds;

constexpr nanoseconds kFrame{16'666'667};

void key(SDL_Keycode code, Game& game, View& view) {
  if (code == SDLK_RETURN && !view.typed.empty()) {
    game.say(game.chosen(), view.typed);
    view.typed.clear();
  } else if (code == SDLK_BACKSPACE) {
    // A whole character of UTF-8.
    while (!view.typed.empty()) {
      const auto byte = static_cast<unsigned char>(view.typed.back());
      view.typed.pop_back();
      if ((byte & 0xC0U) != 0x80U) break;
    }
  } else if (code == SDLK_TAB) {
    game.choose(game.chosen() + 1);
  } else if (code == SDLK_ESCAPE) {
    game.interrupt();
  } else if (code == SDLK_F5) {
    game.save();
  } else if (code == SDLK_F9) {
    game.load();
  } else if (view.typed.empty() && code >= SDLK_1 && code <= SDLK_4) {
    game.say_line(game.chosen(), static_cast<std::size_t>(code - SDLK_1));
  } else if (view.typed.empty() && code == SDLK_c) {
    game.toggle_combat();
  }
}

// False: the window is closed.
bool take_events(Game& game, View& view) {
  SDL_Event event;
  while (SDL_PollEvent(&event) != 0) {
    if (event.type == SDL_QUIT) return false;
    if (event.type == SDL_KEYDOWN) key(event.key.keysym.sym, game, view);
    if (event.type == SDL_MOUSEBUTTONDOWN) {
      const std::size_t person = person_at(event.button.x, event.button.y);
      if (person < game.people().size()) game.choose(person);
    }
    // What is a command where nothing is typed yet does not begin a line.
    if (event.type == SDL_TEXTINPUT) {
      const std::string text = event.text.text;
      const bool is_command = view.typed.empty() && (text == "c" || (text >= "1" && text <= "4"));
      if (!is_command) view.typed += text;
    }
  }
  return true;
}

// Plays itself: the first question to the second person comes when the first has begun to speak, so
// that who pays for the common prompt can be told; then everybody is asked as soon as silent.
void play(Game& game) {
  if (game.phase() != Game::Phase::playing) return;
  for (std::size_t i = 0; i < game.people().size(); ++i) {
    Person& person = game.people()[i];
    if (i > 0 && game.people()[i - 1].first_syllable < 0) return;
    if (person.character->state() == characters::State::silent)
      game.say_line(i, person.next_line++);
  }
}

void report(const Options& options, Game& game, const FrameTimes& times, const FrameTimes& talk) {
  std::printf(
      "{\"frames\": %zu, \"budget_ms\": %.2f, \"frame_ms\": {\"median\": %.3f, \"p99\": %.3f, "
      "\"max\": %.3f, \"over_16.7\": %zu, \"over_25\": %zu}, \"talk_ms\": {\"median\": %.3f, "
      "\"p99\": %.3f, \"max\": %.3f}, \"answers\": %lld, \"pieces\": %lld, \"pieces_per_second\": "
      "%.3f, \"first_syllable_s\": [%.3f, %.3f, %.3f]}\n",
      times.count(), options.budget_ms, times.quantile(0.5), times.quantile(0.99),
      times.quantile(1), times.over(16.7), times.over(25), talk.quantile(0.5), talk.quantile(0.99),
      talk.quantile(1), static_cast<long long>(game.answers()),
      static_cast<long long>(game.pieces()),
      static_cast<double>(game.pieces()) / std::max(game.play_seconds(), 1e-9),
      game.people()[0].first_syllable, game.people()[1].first_syllable,
      game.people()[2].first_syllable);
}

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Frames until the window is closed, or as many as were asked for.
void run(const Options& options, Canvas& canvas, Game& game) {
  const bool plays_itself = options.frames > 0;
  FrameTimes times(static_cast<std::size_t>(options.frames) + 1);
  FrameTimes talk(static_cast<std::size_t>(options.frames) + 1);
  View view;
  view.english = options.english;
  nanoseconds drawing{0};  // of the last frame: what this one's will take
  Clock::time_point end = Clock::now();
  bool is_open = true;
  while (is_open && !(plays_itself && (times.count() >= static_cast<std::size_t>(options.frames) ||
                                       game.phase() == Game::Phase::failed))) {
    const Clock::time_point begin = Clock::now();
    end = begin + kFrame;
    is_open = take_events(game, view);
    if (plays_itself) play(game);
    const Clock::time_point before = Clock::now();
    const bool plays = game.phase() == Game::Phase::playing;
    game.update(end - before - drawing);
    const Clock::time_point after = Clock::now();
    draw(canvas, game, times, view);
    if (plays_itself && times.count() + 1 == static_cast<std::size_t>(options.frames) &&
        !options.screenshot.empty() && !canvas.save_bmp(options.screenshot)) {
      std::fprintf(stderr, "schoolroom: %s\n", canvas.error().c_str());
    }
    canvas.present();
    const Clock::time_point done = Clock::now();
    drawing = done - after;
    // The loading screen counts for itself: what is measured is play.
    if (plays) {
      times.add(milliseconds(done - begin));
      talk.add(milliseconds(after - before));
    }
    ++view.frame;
    if (options.paced) std::this_thread::sleep_until(end);
  }
  if (plays_itself) report(options, game, times, talk);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::string error;
  if (!parse(argc, argv, options, error)) {
    std::fprintf(stderr, "schoolroom: %s\n%s", error.c_str(), kUsage);
    return 2;
  }
  Canvas canvas;
  if (!canvas.open(options.font, options.frames > 0)) {
    std::fprintf(stderr, "schoolroom: %s\n", canvas.error().c_str());
    return 1;
  }
  Game game(options);
  game.start();
  run(options, canvas, game);
  if (game.phase() != Game::Phase::failed) return 0;
  std::fprintf(stderr, "schoolroom: %s\n", game.message().c_str());
  return 1;
}

#include "drawing.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace {

constexpr SDL_Color kInk = {38, 36, 48, 255};
constexpr SDL_Color kPaper = {255, 252, 240, 255};
constexpr SDL_Color kChalk = {225, 235, 225, 255};
constexpr SDL_Color kDim = {150, 150, 165, 255};
constexpr std::array<float, 3> kPlaces = {165, 480, 795};
constexpr float kFeet = 405;
constexpr float kPanel = 425;  // what lies below is the player's
constexpr std::array<SDL_Color, 3> kCoats = {
    SDL_Color{178, 84, 92, 255}, SDL_Color{72, 110, 150, 255}, SDL_Color{96, 130, 84, 255}};
constexpr std::array<SDL_Color, 3> kHair = {
    SDL_Color{92, 52, 36, 255}, SDL_Color{190, 186, 180, 255}, SDL_Color{48, 42, 40, 255}};

void draw_room(Canvas& canvas) {
  canvas.box({232, 220, 196, 255}, 0, 0, Canvas::kWidth, 340);
  canvas.box({170, 124, 84, 255}, 0, 340, Canvas::kWidth, 90);
  for (int i = 0; i < 12; ++i) {
    canvas.box({150, 106, 70, 255}, static_cast<float>(i * 84), 340, 2, 90);
  }
  canvas.box({120, 84, 56, 255}, 0, 336, Canvas::kWidth, 6);
  // The window over the sea.
  canvas.card({250, 248, 240, 255}, 26, 26, 168, 128, 6);
  canvas.box({158, 206, 236, 255}, 34, 34, 152, 64);
  canvas.box({52, 122, 158, 255}, 34, 98, 152, 48);
  canvas.disc({255, 236, 150, 255}, 150, 60, 15);
  canvas.triangle(kPaper, {80, 66}, {80, 104}, {108, 104});
  canvas.box({120, 70, 50, 255}, 68, 106, 46, 7);
  canvas.box({250, 248, 240, 255}, 107, 34, 6, 112);
}

// The frame times of the last ten seconds, in chalk.
void draw_board(Canvas& canvas, const Game& game, const FrameTimes& times, bool english) {
  const float left = 232;
  const float top = 20;
  const float width = 300;
  const float height = 122;
  canvas.card({112, 78, 50, 255}, left - 8, top - 8, width + 16, height + 16, 5);
  canvas.box({44, 70, 60, 255}, left, top, width, height);
  std::array<char, 160> line{};
  std::snprintf(
      line.data(), line.size(),
      english ? "frame %2.0f ms at p99 · talk %.1f ms" : "кадр %2.0f мс на p99 · речь %.1f мс",
      times.recent_quantile(0.99), static_cast<double>(game.budget().count()) / 1e6);
  canvas.text(line.data(), 13, kChalk, left + 8, top + 5, 290);
  std::size_t most = 1;
  for (const std::size_t bin : times.bins()) most = std::max(most, bin);
  const float base = top + height - 20;
  const float bar = (width - 20) / static_cast<float>(FrameTimes::kBins);
  for (std::size_t i = 0; i < FrameTimes::kBins; ++i) {
    if (times.bins()[i] == 0) continue;
    // By the root, so that a single slow frame can be seen beside six hundred.
    const float share = std::sqrt(static_cast<float>(times.bins()[i]) / static_cast<float>(most));
    const SDL_Color color = i < 17 ? SDL_Color{150, 220, 170, 255} : SDL_Color{240, 130, 110, 255};
    canvas.box(color, left + 10 + bar * static_cast<float>(i), base - 72 * share, bar - 1.5F,
               72 * share);
  }
  canvas.box(kChalk, left + 10, base, width - 20, 1);
  const float deadline = left + 10 + bar * 16.67F;
  canvas.box({240, 220, 120, 255}, deadline, base - 74, 1, 78);
  for (const int at : {0, 5, 10, 16, 25, 33}) {
    const std::string label = at == 16 ? "16.7" : std::to_string(at);
    canvas.text(label, 10, kChalk, left + 10 + bar * static_cast<float>(at) - 14, base + 3, 34,
                0.5F);
  }
}

void draw_person(Canvas& canvas, const Person& person, std::size_t i, const Game& game,
                 const View& view) {
  const float x = kPlaces[i];
  const auto state =
      person.character == nullptr ? characters::State::silent : person.character->state();
  const bool speaks = state == characters::State::speaking;
  const float phase = static_cast<float>(view.frame) / 60.0F + static_cast<float>(i);
  const float sway = 1.5F * std::sin(phase * 2);
  canvas.box({60, 50, 48, 255}, x - 20, kFeet - 26, 15, 26);
  canvas.box({60, 50, 48, 255}, x + 5, kFeet - 26, 15, 26);
  canvas.card(kCoats[i], x - 34, kFeet - 98 + sway, 68, 76, 20);
  canvas.disc(kHair[i], x, kFeet - 128 + sway, 31);
  canvas.disc({238, 198, 168, 255}, x, kFeet - 121 + sway, 27);
  const bool blinks = view.frame % 240 < 8;
  for (const float eye : {-10.0F, 10.0F}) {
    canvas.box(kInk, x + eye - 2.5F, kFeet - 127 + sway, 5, blinks ? 1.5F : 6);
  }
  const float mouth = speaks ? 3 + 3 * std::fabs(std::sin(phase * 9)) : 2;
  canvas.box({150, 60, 60, 255}, x - 7, kFeet - 111 + sway, 14, mouth);
  const bool is_chosen = game.chosen() == i;
  if (is_chosen) canvas.card({255, 196, 70, 255}, x - 55, kFeet - 21, 110, 28, 10);
  canvas.card(is_chosen ? kPaper : SDL_Color{226, 214, 192, 255}, x - 52, kFeet - 18, 104, 22, 8);
  canvas.text(person.name, 15, kInk, x - 52, kFeet - 16, 104, 0.5F);
}

void draw_bubble(Canvas& canvas, const Person& person, std::size_t i, const View& view) {
  const auto state =
      person.character == nullptr ? characters::State::silent : person.character->state();
  std::string text = person.bubble;
  if (state == characters::State::thinking) text = std::string(1 + view.frame / 20 % 3, '.');
  if (text.empty()) return;
  const int width = 262;
  const SDL_Point size = canvas.measure(text, 15, width);
  const float w = static_cast<float>(size.x) + 24;
  const float h = static_cast<float>(size.y) + 16;
  const float x = std::min(std::max(kPlaces[i] - w / 2, 8.0F), Canvas::kWidth - w - 8);
  const float bottom = kFeet - 172;
  canvas.card({206, 194, 168, 255}, x + 3, bottom - h + 3, w, h, 10);
  canvas.card(kPaper, x, bottom - h, w, h, 10);
  canvas.triangle(kPaper, {kPlaces[i] - 9, bottom - 1}, {kPlaces[i] + 9, bottom - 1},
                  {kPlaces[i], bottom + 12});
  canvas.text(text, 15, kInk, x + 12, bottom - h + 8, width);
}

void draw_panel(Canvas& canvas, Game& game, const View& view) {
  canvas.box({30, 28, 38, 255}, 0, kPanel, Canvas::kWidth, Canvas::kHeight - kPanel);
  const Person& person = game.people()[game.chosen()];
  std::string subtitle;
  for (const Person& each : game.people()) {
    if (!each.sentence.empty() && each.character != nullptr && each.character->is_busy()) {
      subtitle = std::string(each.name) + ": " + each.sentence;
    }
  }
  canvas.text(subtitle, 15, {255, 236, 170, 255}, 20, kPanel + 8, 920);
  for (std::size_t i = 0; i < person.lines.size(); ++i) {
    const std::string line = std::to_string(i + 1) + "  " + person.lines[i];
    const std::size_t row = i / 2;
    canvas.text(line, 15, kPaper, 20 + 460 * static_cast<float>(i % 2),
                kPanel + 32 + 22 * static_cast<float>(row), 450);
  }
  const char* const hint = view.english ? "or type, then Enter" : "или напишите и нажмите Enter";
  const bool has_typed = !view.typed.empty();
  canvas.text("› " + (has_typed ? view.typed : hint), 15, has_typed ? kPaper : kDim, 20,
              kPanel + 80, 450);
  const char* const keys = view.english
                               ? "Tab: who · Esc: stop · C: combat · F5 F9: save, load"
                               : "Tab: кто · Esc: перебить · C: бой · F5 F9: сохранить, загрузить";
  const bool has_message = !game.message().empty();
  canvas.text(has_message ? game.message() : keys, 12,
              has_message ? SDL_Color{255, 170, 140, 255} : kDim, 480, kPanel + 83, 464);
}

void draw_loading(Canvas& canvas, const Game& game, const View& view) {
  canvas.box({30, 28, 38, 255}, 0, 0, Canvas::kWidth, Canvas::kHeight);
  const bool failed = game.phase() == Game::Phase::failed;
  const bool prepares = game.phase() == Game::Phase::preparing;
  const char* const title =
      failed     ? (view.english ? "There is no talking without a model" : "Без модели не поговорить")
      : prepares ? (view.english ? "The characters are waking up" : "Герои просыпаются")
                 : (view.english ? "Loading the model" : "Модель загружается");
  canvas.text(title, 24, kPaper, 0, 200, Canvas::kWidth, 0.5F);
  if (failed) {
    canvas.text(game.message(), 15, {255, 170, 140, 255}, 120, 250, 720, 0.5F);
    return;
  }
  canvas.card({70, 66, 84, 255}, 280, 260, 400, 16, 8);
  const float share = prepares ? 1.0F : static_cast<float>(game.progress());
  canvas.card({150, 220, 170, 255}, 280, 260, 16 + 384 * share, 16, 8);
}

}  // namespace

std::size_t person_at(int x, int y) {
  for (std::size_t i = 0; i < kPlaces.size(); ++i) {
    const auto feet = static_cast<int>(kFeet);
    if (std::abs(x - static_cast<int>(kPlaces[i])) < 50 && y < feet + 10 && y > feet - 165)
      return i;
  }
  return kPlaces.size();
}

void draw(Canvas& canvas, Game& game, const FrameTimes& times, const View& view) {
  if (game.phase() != Game::Phase::playing) return draw_loading(canvas, game, view);
  draw_room(canvas);
  draw_board(canvas, game, times, view.english);
  for (std::size_t i = 0; i < 3; ++i) draw_person(canvas, game.people()[i], i, game, view);
  for (std::size_t i = 0; i < 3; ++i) draw_bubble(canvas, game.people()[i], i, view);
  draw_panel(canvas, game, view);
}

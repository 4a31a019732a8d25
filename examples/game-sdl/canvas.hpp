// What SDL draws: boxes, discs, and texts in any language, which are rendered once and kept while
// they are on the screen.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>

#include <SDL.h>
#include <SDL_ttf.h>

class Canvas {
 public:
  static constexpr int kWidth = 960;
  static constexpr int kHeight = 540;

  // False where there is no window or no font; error() says why.
  bool open(const std::string& font, bool software);
  const std::string& error() const noexcept { return error_; }
  ~Canvas();
  Canvas() = default;
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  void box(SDL_Color color, float x, float y, float width, float height);
  void disc(SDL_Color color, float x, float y, float radius);
  // A box with round corners.
  void card(SDL_Color color, float x, float y, float width, float height, float radius);
  void triangle(SDL_Color color, SDL_FPoint a, SDL_FPoint b, SDL_FPoint c);
  // From (x, y) on, broken into lines at `width`; the size in pixels. `align`: 0 left, 0.5 middle.
  SDL_Point text(std::string_view text, int size, SDL_Color color, float x, float y, int width,
                 float align = 0);
  SDL_Point measure(std::string_view text, int size, int width);

  void present();
  bool save_bmp(const std::string& path);

 private:
  struct Texture {
    SDL_Texture* texture = nullptr;
    SDL_Point size = {0, 0};
    std::uint64_t used = 0;  // in this frame
  };
  using Key = std::tuple<std::string, int, std::uint32_t, int>;
  Texture& rendered(std::string_view text, int size, SDL_Color color, int width);
  TTF_Font* font(int size);

  SDL_Window* window_ = nullptr;
  SDL_Renderer* renderer_ = nullptr;
  std::string font_path_;
  std::map<int, TTF_Font*> fonts_;
  std::map<Key, Texture> textures_;
  std::uint64_t frame_ = 0;
  std::string error_;
};

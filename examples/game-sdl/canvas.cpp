#include "canvas.hpp"

#include <array>
#include <cmath>
#include <cstddef>

namespace {

constexpr std::uint64_t kKeptFrames = 120;  // a text that has not been drawn for so long is dropped
constexpr std::size_t kDiscSides = 40;
constexpr float kTurn = 6.2831853F;

std::uint32_t packed(SDL_Color color) noexcept {
  return (static_cast<std::uint32_t>(color.r) << 24) | (static_cast<std::uint32_t>(color.g) << 16) |
         (static_cast<std::uint32_t>(color.b) << 8) | color.a;
}

}  // namespace

bool Canvas::open(const std::string& font, bool software) {
  font_path_ = font;
  if (SDL_Init(SDL_INIT_VIDEO) != 0 || TTF_Init() != 0) {
    error_ = SDL_GetError();
    return false;
  }
  window_ = SDL_CreateWindow("libtlite", SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, kWidth,
                             kHeight, SDL_WINDOW_ALLOW_HIGHDPI);
  if (window_ == nullptr) {
    error_ = SDL_GetError();
    return false;
  }
  const std::uint32_t any = software ? SDL_RENDERER_SOFTWARE : SDL_RENDERER_ACCELERATED;
  renderer_ = SDL_CreateRenderer(window_, -1, any);
  if (renderer_ == nullptr) renderer_ = SDL_CreateRenderer(window_, -1, SDL_RENDERER_SOFTWARE);
  if (renderer_ == nullptr || this->font(16) == nullptr) {
    error_ = SDL_GetError();
    return false;
  }
  SDL_RenderSetLogicalSize(renderer_, kWidth, kHeight);
  SDL_SetRenderDrawBlendMode(renderer_, SDL_BLENDMODE_BLEND);
  return true;
}

Canvas::~Canvas() {
  for (auto& [key, texture] : textures_) SDL_DestroyTexture(texture.texture);
  for (auto& [size, font] : fonts_) TTF_CloseFont(font);
  SDL_DestroyRenderer(renderer_);
  SDL_DestroyWindow(window_);
  if (TTF_WasInit() != 0) TTF_Quit();
  SDL_Quit();
}

TTF_Font* Canvas::font(int size) {
  const auto found = fonts_.find(size);
  if (found != fonts_.end()) return found->second;
  TTF_Font* const made = TTF_OpenFont(font_path_.c_str(), size);
  if (made != nullptr) fonts_[size] = made;
  return made;
}

void Canvas::box(SDL_Color color, float x, float y, float width, float height) {
  SDL_SetRenderDrawColor(renderer_, color.r, color.g, color.b, color.a);
  const SDL_FRect rect = {x, y, width, height};
  SDL_RenderFillRectF(renderer_, &rect);
}

void Canvas::triangle(SDL_Color color, SDL_FPoint a, SDL_FPoint b, SDL_FPoint c) {
  const std::array<SDL_Vertex, 3> corners = {
      SDL_Vertex{a, color, {0, 0}}, SDL_Vertex{b, color, {0, 0}}, SDL_Vertex{c, color, {0, 0}}};
  SDL_RenderGeometry(renderer_, nullptr, corners.data(), 3, nullptr, 0);
}

void Canvas::disc(SDL_Color color, float x, float y, float radius) {
  std::array<SDL_Vertex, kDiscSides + 1> corners;
  std::array<int, 3 * kDiscSides> triangles;
  corners[kDiscSides] = {{x, y}, color, {0, 0}};
  for (std::size_t i = 0; i < kDiscSides; ++i) {
    const float angle = kTurn * static_cast<float>(i) / kDiscSides;
    corners[i] = {{x + radius * std::cos(angle), y + radius * std::sin(angle)}, color, {0, 0}};
    triangles[3 * i] = static_cast<int>(kDiscSides);
    triangles[3 * i + 1] = static_cast<int>(i);
    triangles[3 * i + 2] = static_cast<int>((i + 1) % kDiscSides);
  }
  SDL_RenderGeometry(renderer_, nullptr, corners.data(), static_cast<int>(corners.size()),
                     triangles.data(), static_cast<int>(triangles.size()));
}

void Canvas::card(SDL_Color color, float x, float y, float width, float height, float radius) {
  box(color, x + radius, y, width - 2 * radius, height);
  box(color, x, y + radius, width, height - 2 * radius);
  for (const float left : {x + radius, x + width - radius}) {
    for (const float top : {y + radius, y + height - radius}) disc(color, left, top, radius);
  }
}

Canvas::Texture& Canvas::rendered(std::string_view text, int size, SDL_Color color, int width) {
  Texture& entry = textures_[Key{std::string(text), size, packed(color), width}];
  entry.used = frame_;
  if (entry.texture != nullptr || text.empty()) return entry;
  const auto wrap = static_cast<std::uint32_t>(width);
  SDL_Surface* const surface =
      TTF_RenderUTF8_Blended_Wrapped(font(size), std::string(text).c_str(), color, wrap);
  if (surface == nullptr) return entry;
  entry.size = {surface->w, surface->h};
  entry.texture = SDL_CreateTextureFromSurface(renderer_, surface);
  SDL_FreeSurface(surface);
  return entry;
}

SDL_Point Canvas::measure(std::string_view text, int size, int width) {
  return rendered(text, size, {30, 30, 40, 255}, width).size;
}

SDL_Point Canvas::text(std::string_view text, int size, SDL_Color color, float x, float y,
                       int width, float align) {
  const Texture& entry = rendered(text, size, color, width);
  const auto wide = static_cast<float>(entry.size.x);
  const SDL_FRect to = {std::round(x + (static_cast<float>(width) - wide) * align), std::round(y),
                        wide, static_cast<float>(entry.size.y)};
  if (entry.texture != nullptr) SDL_RenderCopyF(renderer_, entry.texture, nullptr, &to);
  return entry.size;
}

void Canvas::present() {
  SDL_RenderPresent(renderer_);
  ++frame_;
  for (auto next = textures_.begin(); next != textures_.end();) {
    const auto entry = next++;
    if (entry->second.used + kKeptFrames >= frame_) continue;
    SDL_DestroyTexture(entry->second.texture);
    textures_.erase(entry);
  }
}

bool Canvas::save_bmp(const std::string& path) {
  int width = 0;
  int height = 0;
  SDL_GetRendererOutputSize(renderer_, &width, &height);
  SDL_Surface* const surface =
      SDL_CreateRGBSurfaceWithFormat(0, width, height, 24, SDL_PIXELFORMAT_BGR24);
  if (surface == nullptr) return false;
  const bool saved = SDL_RenderReadPixels(renderer_, nullptr, SDL_PIXELFORMAT_BGR24,
                                          surface->pixels, surface->pitch) == 0 &&
                     SDL_SaveBMP(surface, path.c_str()) == 0;
  SDL_FreeSurface(surface);
  if (!saved) error_ = SDL_GetError();
  return saved;
}

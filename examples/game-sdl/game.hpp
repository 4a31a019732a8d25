// The schoolroom: who is in it, what the player can say, and what happens in a frame. Knows nothing
// of SDL.
#pragma once

#include "options.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <characters/cast.hpp>
#include <characters/host.hpp>
#include <characters/loader.hpp>

struct Person {
  const char* name;
  const char* persona;
  std::array<const char*, 4> lines;  // what one can say to them
  const char* prefix;  // how their answers to the last line begin; empty: as they like
  characters::Character* character = nullptr;
  std::string bubble;    // what is said, by piece
  std::string sentence;  // by sentence
  std::size_t next_line = 0;
  std::chrono::steady_clock::time_point asked = {};
  double first_syllable = -1;  // seconds from the first question to the first text; -1: none yet
};

class Game {
 public:
  enum class Phase { loading, preparing, playing, failed };
  using Clock = std::chrono::steady_clock;

  explicit Game(const Options& options);

  // The model is read on a thread of the loader's.
  void start();
  // Once a frame. `left`: until it has to be drawn.
  void update(std::chrono::nanoseconds left);

  Phase phase() const noexcept { return phase_; }
  double progress() const noexcept { return loader_.progress(); }
  // A sentence for the player.
  const std::string& message() const noexcept { return message_; }

  std::array<Person, 3>& people() noexcept { return people_; }
  std::size_t chosen() const noexcept { return chosen_; }
  void choose(std::size_t person) noexcept { chosen_ = person % people_.size(); }

  void say(std::size_t person, std::string_view text, std::string_view prefix = {});
  void say_line(std::size_t person, std::size_t line);
  void interrupt();
  void toggle_combat();
  bool is_combat() const noexcept { return combat_; }
  std::chrono::nanoseconds budget() const noexcept;
  void save();
  void load();

  std::int64_t pieces() const noexcept { return pieces_; }
  std::int64_t answers() const noexcept { return answers_; }
  double play_seconds() const noexcept;

 private:
  void fail(const characters::Result& why);
  bool open_cast();
  void listen(Person& person);

  const Options& options_;
  characters::HostHandle host_;
  characters::Loader loader_;
  characters::Cast cast_;
  std::array<Person, 3> people_;
  Phase phase_ = Phase::loading;
  std::string message_;
  std::string world_;
  std::size_t chosen_ = 0;
  bool combat_ = false;
  std::int64_t pieces_ = 0;
  std::int64_t answers_ = 0;
  Clock::time_point play_began_ = {};
};

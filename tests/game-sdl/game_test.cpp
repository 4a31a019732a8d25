#include "game.hpp"

#include "frame_times.hpp"
#include "options.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include <doctest/doctest.h>
#include <sys/resource.h>

namespace {

using namespace std::chrono_literals;

Options options_of(const std::string& model) {
  Options options;
  options.model = model;
  options.threads = 1;
  options.save_file = std::string(TLITE_TEST_SCRATCH) + "/saved.json";
  return options;
}

// Frames until `done`.
template <class Done>
void play(Game& game, Done&& done) {
  for (int i = 0; i < 100000 && !done(); ++i) {
    game.update(5ms);
    if (game.phase() == Game::Phase::loading) std::this_thread::sleep_for(1ms);
  }
  REQUIRE(done());
}

void start(Game& game) {
  game.start();
  play(game, [&] { return game.phase() == Game::Phase::playing; });
}

bool is_quiet(Game& game) {
  for (const Person& person : game.people()) {
    if (person.character->is_busy()) return false;
  }
  return true;
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("game-sdl/game: three talk at once, are saved, and go on where they were") {
  const Options options = options_of(TLITE_TEST_MODEL);
  Game game(options);
  start(game);
  for (std::size_t i = 0; i < 3; ++i) game.say_line(i, 0);
  play(game, [&] { return is_quiet(game); });
  CHECK(game.answers() == 3);
  CHECK(game.people()[0].character->answer().find("Париж") != std::string::npos);
  for (const Person& person : game.people()) CHECK(person.first_syllable > 0);
  game.save();
  CHECK(game.message() == "Сохранено · saved");
  game.say_line(0, 1);
  play(game, [&] { return is_quiet(game); });
  const std::string answer = game.people()[0].character->answer();
  Game other(options);
  start(other);
  other.load();
  CHECK(other.message() == "Загружено · loaded");
  other.say_line(0, 1);
  play(other, [&] { return is_quiet(other); });
  CHECK(other.people()[0].character->answer() == answer);
}

TEST_CASE("game-sdl/game: a disk that is full, a folder that is not there, a save that is none") {
  Options options = options_of(TLITE_TEST_MODEL);
  Game game(options);
  start(game);
  game.say_line(0, 0);
  play(game, [&] { return is_quiet(game); });
  game.save();
  const std::string before = content(options.save_file);
  REQUIRE_FALSE(before.empty());
  // No file may grow: what a full disk answers.
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit old = {};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old) == 0);
  const rlimit none = {0, old.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &none) == 0);
  game.save();
  REQUIRE(setrlimit(RLIMIT_FSIZE, &old) == 0);
  CHECK(game.message() == "Не записать · cannot write " + options.save_file);
  CHECK(content(options.save_file) == before);
  std::ofstream(options.save_file) << "{ no save\n";
  game.load();
  CHECK_FALSE(game.message().empty());
  CHECK(game.message() != "Загружено · loaded");
  options.save_file = "/no/such/folder/saved.json";
  game.save();
  CHECK(game.message() == "Не записать · cannot write /no/such/folder/saved.json");
  game.load();
  CHECK(game.message() == "Не прочесть · cannot read /no/such/folder/saved.json");
  game.say_line(0, 1);
  play(game, [&] { return is_quiet(game); });
}

TEST_CASE("game-sdl/game: closed while it loads, prepares and talks; interrupted; in combat") {
  const Options options = options_of(TLITE_TEST_MODEL);
  { Game game(options); }
  {
    Game game(options);
    game.start();
    game.say_line(0, 0);
    game.save();
    game.toggle_combat();
  }
  {
    Game game(options);
    game.start();
    play(game, [&] { return game.phase() != Game::Phase::loading; });
  }
  Game game(options);
  start(game);
  CHECK(game.budget() == 4ms);
  game.toggle_combat();
  CHECK(game.budget() == 1ms);
  game.say_line(2, 0);
  play(game, [&] { return !game.people()[2].bubble.empty(); });
  game.interrupt();
  CHECK(is_quiet(game));
  game.say_line(2, 0);
  game.update(1ms);
}

TEST_CASE("game-sdl/game: a model that there is not is a sentence for the player") {
  const Options options = options_of("no/such/model");
  Game game(options);
  game.start();
  play(game, [&] { return game.phase() == Game::Phase::failed; });
  CHECK(game.message() == "no/such/model: no such file or directory");
  game.say_line(0, 0);
  game.update(5ms);
}

TEST_CASE("game-sdl/options: what does not fit is named") {
  const auto error_of = [](std::vector<std::string> arguments) {
    std::vector<char*> argv = {nullptr};
    for (std::string& each : arguments) argv.push_back(each.data());
    argv.push_back(nullptr);
    Options options;
    std::string error;
    const bool fits = parse(static_cast<int>(arguments.size()) + 1, argv.data(), options, error);
    CHECK(fits == error.empty());
    return error;
  };
  CHECK(error_of({"model", "--budget", "2.5", "--frames", "10"}) == "");
  CHECK(error_of({}) == "which model?");
  CHECK(error_of({"model", "--bugdet", "2"}) == "unknown argument: --bugdet");
  CHECK(error_of({"model", "other"}) == "unknown argument: other");
  CHECK(error_of({""}) == "an argument is empty");
  CHECK(error_of({"model", "--frames"}) == "--frames needs a value");
  CHECK(error_of({"model", "--font"}) == "--font needs a value");
  CHECK(error_of({"model", "--frames", "ten"}).rfind("--frames is ten; it takes a number", 0) == 0);
  CHECK(error_of({"model", "--budget", "nan"}).rfind("--budget is nan; it takes", 0) == 0);
  CHECK(error_of({"model", "--threads", "0"}).rfind("--threads is 0; it takes", 0) == 0);
}

TEST_CASE("game-sdl/frame_times: quantiles of all frames, a histogram of the last") {
  FrameTimes times(10);
  CHECK(times.quantile(0.5) == 0);
  for (int i = 1; i <= 1000; ++i) times.add(i <= 100 ? 50 : i % 10 + 0.5);
  CHECK(times.count() == 1000);
  CHECK(times.quantile(1) == 50);
  CHECK(times.over(25) == 100);
  CHECK(times.recent_quantile(0.99) == 10);
  std::size_t recent = 0;
  for (const std::size_t bin : times.bins()) recent += bin;
  CHECK(recent == FrameTimes::kRecent);
  CHECK(times.bins()[FrameTimes::kBins - 1] == 0);
}

}  // namespace

#include "game.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <utility>

namespace {

using characters::Result;

const char* const kWorld =
    "Ты живёшь в маленькой школе у моря. Говори коротко, на языке собеседника. "
    "You live in a small school by the sea. Answer briefly, in the language you are asked in. ";
// For measurements with a world of a real game's size.
const char* const kMoreWorld =
    "В школе три класса, печь и большая доска, а окна смотрят на бухту и на маяк. "
    "Every morning the ferry brings the post, and the children ring the bell. ";
constexpr std::size_t kBytesPerToken = 4;  // about, in this mix of languages

constexpr std::chrono::nanoseconds kLoadingBudget = std::chrono::milliseconds(14);
constexpr std::chrono::nanoseconds kCombatBudget = std::chrono::milliseconds(1);
constexpr std::size_t kBubbleBytes = 230;

// The end of a text that fits in a bubble, from the beginning of a word.
std::string_view tail(std::string_view text) {
  if (text.size() <= kBubbleBytes) return text;
  const std::size_t space = text.find_first_of(" \n", text.size() - kBubbleBytes);
  return space == std::string_view::npos ? text.substr(text.size()) : text.substr(space + 1);
}

// The file appears when it is whole: a disk that is full costs no older save.
bool write_whole(const std::string& path, const std::string& text) {
  const std::string part = path + ".part";
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file && std::rename(part.c_str(), path.c_str()) == 0) return true;
  std::remove(part.c_str());
  return false;
}

}  // namespace

Game::Game(const Options& options) : options_(options), world_(kWorld) {
  const std::size_t wanted = static_cast<std::size_t>(options.world_tokens) * kBytesPerToken;
  while (world_.size() < wanted) world_ += kMoreWorld;
  people_[0].name = "Вера";
  people_[0].persona = "Тебя зовут Вера, ты учишь географии.";
  people_[0].lines = {"Столица Франции?", "А Италии?", "Какого цвета трава?", "Столица Японии?"};
  people_[0].prefix = "Столица ";
  people_[1].name = "Mr. Reed";
  people_[1].persona = "Your name is Mr. Reed, you teach English.";
  people_[1].lines = {"What colour is the sky?", "What is the opposite of hot?",
                      "What is the capital of Spain?", "Hello! How are you?"};
  people_[1].prefix = "";
  people_[2].name = "Лев";
  people_[2].persona = "Тебя зовут Лев, ты поэт.";
  people_[2].lines = {"Напиши стих про машинное обучение", "Привет! Как дела?",
                      "Write a poem about machine learning", "Сколько будет два плюс три?"};
  people_[2].prefix = "";
}

void Game::start() {
  Result started = characters::open_host(host_);
  if (started) started = loader_.start(host_.get(), options_.model);
  if (!started) fail(started);
}

void Game::fail(const Result& why) {
  message_ = why.message;
  phase_ = Phase::failed;
}

bool Game::open_cast() {
  characters::ModelHandle model;
  Result result = loader_.take(model);
  characters::CastOptions engine;
  engine.context = 4096 + 2 * options_.world_tokens;
  engine.max_speakers = 3;
  engine.threads = options_.threads;
  if (result) result = cast_.open(model.get(), engine);
  for (Person& person : people_) {
    if (!result) break;
    characters::CharacterOptions about;
    about.name = person.name;
    about.system = world_ + person.persona;
    about.context = 1024 + 2 * options_.world_tokens;
    about.max_new_tokens = 96;
    about.temperature = 0;
    person.character = cast_.add(std::move(about), result);
    if (person.character != nullptr) listen(person);
  }
  if (result && options_.prepared) result = cast_.prepare(*people_[0].character);
  if (!result) fail(result);
  return static_cast<bool>(result);
}

void Game::listen(Person& person) {
  person.character->on_piece = [this, &person](std::string_view) {
    ++pieces_;
    person.bubble = tail(person.character->answer());
    if (person.first_syllable >= 0) return;
    person.first_syllable = std::chrono::duration<double>(Clock::now() - person.asked).count();
  };
  person.character->on_sentence = [&person](std::string_view text) { person.sentence = text; };
  person.character->on_end = [this](tlite_finish_reason) { ++answers_; };
  person.character->on_failed = [this](const Result& why) { message_ = why.message; };
}

std::chrono::nanoseconds Game::budget() const noexcept {
  if (phase_ == Phase::preparing) return kLoadingBudget;
  const auto normal = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>(options_.budget_ms));
  return combat_ ? std::min(kCombatBudget, normal) : normal;
}

void Game::update(std::chrono::nanoseconds left) {
  if (phase_ == Phase::loading && loader_.is_done() && open_cast()) phase_ = Phase::preparing;
  if (phase_ != Phase::preparing && phase_ != Phase::playing) return;
  const std::chrono::nanoseconds most = options_.paced ? std::min(left, budget()) : budget();
  if (const Result result = cast_.update(most); !result) message_ = result.message;
  if (phase_ == Phase::preparing && !cast_.is_preparing()) {
    phase_ = Phase::playing;
    play_began_ = Clock::now();
  }
}

void Game::say(std::size_t person, std::string_view text, std::string_view prefix) {
  if (phase_ != Phase::playing) return;
  Person& asked = people_[person];
  asked.bubble.clear();
  asked.sentence.clear();
  asked.asked = Clock::now();
  message_.clear();
  if (const Result result = asked.character->say(text, prefix); !result) message_ = result.message;
}

void Game::say_line(std::size_t person, std::size_t line) {
  const Person& asked = people_[person];
  say(person, asked.lines[line % asked.lines.size()],
      line + 1 == asked.lines.size() ? asked.prefix : "");
}

void Game::interrupt() {
  for (Person& person : people_) {
    if (person.character != nullptr) person.character->interrupt();
  }
}

// Less time for talk, and everybody learns of it from their next answer on.
void Game::toggle_combat() {
  combat_ = !combat_;
  if (phase_ != Phase::playing) return;
  for (Person& person : people_) {
    person.character->note(combat_ ? "[За окном бой: говори тише. There is a fight outside.]"
                                   : "[Бой окончен. The fight is over.]");
  }
}

void Game::save() {
  if (phase_ != Phase::playing) return;
  interrupt();
  std::string text;
  for (const Person& person : people_) {
    std::string json;
    if (const Result result = person.character->save(json); !result) {
      message_ = result.message;
      return;
    }
    // JSON has no line ends inside its strings.
    json.erase(std::remove(json.begin(), json.end(), '\n'), json.end());
    text += json + '\n';
  }
  message_ = write_whole(options_.save_file, text)
                 ? "Сохранено · saved"
                 : "Не записать · cannot write " + options_.save_file;
}

void Game::load() {
  if (phase_ != Phase::playing) return;
  interrupt();
  std::ifstream file(options_.save_file, std::ios::binary);
  message_ = file ? "Загружено · loaded" : "Не прочесть · cannot read " + options_.save_file;
  std::string line;
  for (Person& person : people_) {
    if (!file || !std::getline(file, line)) continue;
    if (const Result result = person.character->load(line); !result) message_ = result.message;
    person.bubble.clear();
    person.sentence.clear();
  }
}

double Game::play_seconds() const noexcept {
  return phase_ == Phase::playing
             ? std::chrono::duration<double>(Clock::now() - play_began_).count()
             : 0;
}

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <characters/nodes.hpp>
#include <doctest/doctest.h>

namespace characters {
namespace {

using namespace std::chrono_literals;

const CastOptions kSmall = {1024, 2, 64, 1};
const char* const kPoem = "Напиши стих про машинное обучение";

struct Model {
  Model() {
    node->on_loaded = [this] { ++loaded; };
    node->on_prepared = [this] { ++prepared; };
    node->on_failed = [this](const Result& why) { failed.push_back(why.message); };
  }
  explicit Model(const std::string& path) : Model() {
    load(path);
    CHECK(loaded == 1);
  }
  ~Model() { node->leave(); }
  void load(const std::string& path) {
    REQUIRE(node->load(path, kSmall));
    while (node->phase() == Phase::loading) REQUIRE(node->step(0ns));
  }
  std::shared_ptr<ModelNode> node = std::make_shared<ModelNode>();
  int loaded = 0;
  int prepared = 0;
  std::vector<std::string> failed;
};

struct Person {
  explicit Person(const Model& model, const std::string& system = "Отвечай кратко.") {
    CharacterOptions options;
    options.system = system;
    options.context = 512;
    options.temperature = 0;
    options.max_new_tokens = 40;
    node->set_options(options);
    REQUIRE(node->join(model.node));
    node->on_piece = [this](std::string_view text) { heard += text; };
    node->on_sentence = [this](std::string_view) { ++sentences; };
    node->on_finished = [this](tlite_finish_reason reason) { ends.push_back(reason); };
    node->on_failed = [this](const Result& why) { failed.push_back(why.message); };
    node->on_cut = [this](std::string_view answer) {
      ++cuts;
      last = answer;
    };
  }
  ~Person() { node->leave(); }
  State state() const { return look().state; }
  CharacterNode::Look look() const {
    CharacterNode::Look look;
    REQUIRE(node->look(look));
    return look;
  }
  std::string answer(Model& model, std::string_view text) {
    REQUIRE(node->say(text, {}));
    while (state() != State::silent) REQUIRE(model.node->step(1ms));
    return look().answer;
  }
  std::shared_ptr<CharacterNode> node = std::make_shared<CharacterNode>();
  std::string heard;
  int sentences = 0;
  int cuts = 0;
  std::string last;
  std::vector<tlite_finish_reason> ends;
  std::vector<std::string> failed;
};

TEST_CASE("characters/nodes: what is said while the model loads waits for it") {
  Model model;
  Person one(model);
  CHECK(one.node->say("Привет", {}).status == TLITE_ERROR_BAD_STATE);
  REQUIRE(one.failed.size() == 1);
  CHECK(one.failed[0] == "the model is not loaded");
  REQUIRE(model.node->load(TLITE_TEST_MODEL, kSmall));
  REQUIRE(one.node->prepare());
  REQUIRE(one.node->say(kPoem, {}));
  REQUIRE(one.node->say("Столица Франции?", {}));
  CHECK(one.ends == std::vector<tlite_finish_reason>{TLITE_FINISH_CANCELLED});
  CHECK(one.state() == State::thinking);
  while (one.state() != State::silent) REQUIRE(model.node->step(1ms));
  CHECK(one.heard.find("Париж") != std::string::npos);
  CHECK(one.heard == one.look().answer);
  CHECK(one.sentences == 1);
  CHECK(one.ends.back() == TLITE_FINISH_END_OF_TEXT);
  CHECK(model.loaded == 1);
  CHECK(model.prepared == 1);
}

TEST_CASE("characters/nodes: who comes second finds the common prompt in the cache") {
  Model model(TLITE_TEST_MODEL);
  std::string world;
  for (int i = 0; i < 12; ++i) world += "Ты живёшь в деревне у моря. ";
  Person one(model, world + "Тебя зовут Вера.");
  Person two(model, world + "Тебя зовут Лев.");
  CHECK(one.answer(model, "Столица Франции?").find("Париж") != std::string::npos);
  CHECK(one.look().cached_tokens == 0);
  CHECK(two.answer(model, "Столица Франции?").find("Париж") != std::string::npos);
  CHECK(two.look().cached_tokens >= 64);
  CHECK(two.look().prompt_tokens > two.look().cached_tokens);
}

TEST_CASE("characters/nodes: what cannot be loaded is told to all who wait") {
  Model model;
  Person one(model);
  REQUIRE(model.node->load("no/such/модель", kSmall));
  REQUIRE(one.node->say("Привет", {}));
  while (model.node->phase() == Phase::loading) REQUIRE(model.node->step(1ms));
  REQUIRE(model.failed.size() == 1);
  CHECK(model.failed[0].find("no/such/модель") != std::string::npos);
  CHECK(one.failed == model.failed);
  CHECK(one.node->say("Привет", {}).message == model.failed[0]);
  // An engine that cannot be is no model's fault.
  REQUIRE(model.node->load(TLITE_TEST_MODEL, {-2, 1, 64, 1}));
  while (model.node->phase() == Phase::loading) REQUIRE(model.node->step(1ms));
  REQUIRE(model.failed.size() == 2);
  CHECK(model.failed[1].find("context is -2") != std::string::npos);
  model.load(TLITE_TEST_MODEL);
  CHECK(one.answer(model, "Столица Франции?").find("Париж") != std::string::npos);
}

TEST_CASE("characters/nodes: conversations outlast the model, and new options") {
  Model model(TLITE_TEST_MODEL);
  Person one(model);
  (void)one.answer(model, "Меня зовут Анна.");
  std::string before;
  REQUIRE(one.node->save(before));
  CHECK(before.find("Анна") != std::string::npos);
  REQUIRE(model.node->close());
  std::string closed;
  REQUIRE(one.node->save(closed));
  CHECK(closed == before);
  model.load(TLITE_TEST_MODEL);
  const std::string answer = one.answer(model, "Как меня зовут?");
  Person fresh(model);
  REQUIRE(fresh.node->load(before));
  CHECK(fresh.answer(model, "Как меня зовут?") == answer);
  CharacterOptions options = one.node->options();
  options.max_new_tokens = 1;
  one.node->set_options(options);
  REQUIRE(one.node->load(before));
  (void)one.answer(model, "Как меня зовут?");
  CHECK(one.ends.back() == TLITE_FINISH_LENGTH);
  std::string after;
  REQUIRE(one.node->save(after));
  CHECK(after.compare(0, before.size() - 3, before, 0, before.size() - 3) == 0);
  for (const char* broken : {"", "{", "[1]", "\xff"}) {
    CHECK(one.node->load(broken).status == TLITE_ERROR_INVALID_ARGUMENT);
    CHECK(Person(model).node->load(broken).status == TLITE_ERROR_INVALID_ARGUMENT);
  }
}

TEST_CASE("characters/nodes: closed in the middle, everybody learns of it") {
  Model model(TLITE_TEST_MODEL);
  Person one(model);
  Person two(model);
  REQUIRE(one.node->say(kPoem, {}));
  while (one.heard.empty()) REQUIRE(model.node->step(1ms));
  REQUIRE(model.node->close());
  CHECK(one.cuts == 1);
  CHECK(one.last == one.heard);
  CHECK(one.look().answer == one.heard);
  CHECK(two.cuts == 0);
  CHECK(one.ends.empty());
  CHECK(one.state() == State::silent);
  std::string json;
  REQUIRE(one.node->save(json));
  CHECK(json.find(one.heard) != std::string::npos);
  // And given up while it loads.
  REQUIRE(model.node->load(TLITE_TEST_MODEL, kSmall));
  REQUIRE(two.node->say(kPoem, {}));
  REQUIRE(model.node->load(TLITE_TEST_MODEL, kSmall));
  CHECK(two.cuts == 1);
  REQUIRE(model.node->close());
}

TEST_CASE("characters/nodes: a callback frees what calls it, and all there is") {
  for (const int what : {0, 1, 2, 3, 4}) {
    CAPTURE(what);
    auto model = std::make_unique<Model>(TLITE_TEST_MODEL);
    auto one = std::make_unique<Person>(*model);
    auto two = std::make_unique<Person>(*model);
    // What a binding holds for the length of a call.
    const std::shared_ptr<ModelNode> held = model->node;
    one->node->on_piece = [&](std::string_view) {
      if (what == 0) one.reset();
      if (what == 1) two.reset();
      if (what == 2) model.reset();
      if (what == 3) {
        model.reset();
        two.reset();
        one.reset();
      }
      if (what == 4) REQUIRE(held->load(TLITE_TEST_MODEL, kSmall));
    };
    REQUIRE(one->node->say(kPoem, {}));
    REQUIRE(two->node->say(kPoem, {}));
    for (int i = 0; i < 300 || held->phase() == Phase::loading; ++i) REQUIRE(held->step(1ms));
    CHECK((held->phase() == Phase::ready) == (what != 2 && what != 3));
    CHECK((one == nullptr) == (what == 0 || what == 3));
    if (what == 2) CHECK(one->node->say("x", {}).status == TLITE_ERROR_BAD_STATE);
    if (what == 2 || what == 4) CHECK(two->cuts == 1);
  }
}

TEST_CASE("characters/nodes: a callback of an interrupt frees the character that is spoken to") {
  Model model(TLITE_TEST_MODEL);
  auto one = std::make_unique<Person>(model);
  REQUIRE(one->node->say(kPoem, {}));
  while (one->heard.empty()) REQUIRE(model.node->step(1ms));
  const std::shared_ptr<CharacterNode> held = one->node;
  held->on_finished = [&](tlite_finish_reason) { one.reset(); };
  CHECK(held->say("Привет", {}).message == "the character was freed");
  CHECK(one == nullptr);
  REQUIRE(model.node->step(1ms));
  tlite_engine_status status{};
  REQUIRE(model.node->engine_status(status));
  CHECK(status.running + status.waiting == 0);
}

TEST_CASE("characters/nodes: a step in a callback is refused") {
  Model model(TLITE_TEST_MODEL);
  Person one(model);
  Result inner;
  one.node->on_piece = [&](std::string_view) { inner = model.node->step(1ms); };
  (void)one.answer(model, "Привет");
  CHECK(inner.status == TLITE_ERROR_BAD_STATE);
}

TEST_CASE("characters/nodes: freed in any order") {
  for (int order = 0; order < 6; ++order) {
    auto model = std::make_unique<Model>(TLITE_TEST_MODEL);
    auto one = std::make_unique<Person>(*model);
    auto two = std::make_unique<Person>(*model);
    REQUIRE(one->node->say(kPoem, {}));
    REQUIRE(two->node->say(kPoem, {}));
    REQUIRE(model->node->step(1us));  // in the middle of a prompt
    const auto free_one = [&](int which) {
      if (which == 0) model.reset();
      if (which == 1) one.reset();
      if (which == 2) two.reset();
    };
    free_one(order / 2);
    free_one((order / 2 + 1 + order % 2) % 3);
    free_one((order / 2 + 2 - order % 2) % 3);
    CHECK((model == nullptr && one == nullptr && two == nullptr));
  }
}

TEST_CASE("characters/nodes: a character moves to another model with its conversation") {
  auto model = std::make_unique<Model>(TLITE_TEST_MODEL);
  Model other(TLITE_TEST_MODEL);
  Person one(*model);
  (void)one.answer(*model, "Меня зовут Анна.");
  std::string before;
  REQUIRE(one.node->save(before));
  model.reset();
  CHECK(one.node->model()->is_gone());
  REQUIRE(one.node->join(other.node));
  std::string after;
  REQUIRE(one.node->save(after));
  CHECK(before == after);
  CHECK(one.answer(other, "Столица Франции?").find("Париж") != std::string::npos);
  REQUIRE(one.node->join(nullptr));
  CHECK(one.node->say("x", {}).message == "the character has no model");
}

TEST_CASE("characters/nodes: another thread is refused while one is in, and nothing has happened") {
  Model model(TLITE_TEST_MODEL);
  Person one(model);
  std::vector<Result> refused;
  const auto ask = [&] {
    std::string json;
    CharacterNode::Look look;
    refused = {one.node->say("x", {}),  one.node->interrupt(),
               one.node->note("x"),     one.node->save(json),
               one.node->load("[]"),    one.node->look(look),
               one.node->prepare(),     model.node->step(1ms),
               model.node->close(),     model.node->load("x", {}),
               one.node->join(nullptr), std::make_shared<CharacterNode>()->join(model.node)};
  };
  one.node->on_piece = [&](std::string_view) {
    if (refused.empty()) std::thread(ask).join();
  };
  CHECK(one.answer(model, "Столица Франции?").find("Париж") != std::string::npos);
  CHECK(refused.size() == 12);
  for (const Result& each : refused) {
    CHECK(each.status == TLITE_ERROR_BAD_STATE);
    CHECK(each.message == "another thread is using the model and its characters");
  }
}

TEST_CASE("characters/nodes: nodes freed by a thread while another steps") {
  Model model(TLITE_TEST_MODEL);
  auto one = std::make_unique<Person>(model);
  one->node->on_piece = [&](std::string_view) { std::thread([&] { one.reset(); }).join(); };
  REQUIRE(one->node->say(kPoem, {}));
  while (one != nullptr) REQUIRE(model.node->step(1ms));
  tlite_engine_status status{};
  REQUIRE(model.node->engine_status(status));
  CHECK(status.running + status.waiting == 0);
}

TEST_CASE("characters/nodes: threads at once, with people who come and go") {
  Model model(TLITE_TEST_MODEL);
  Person one(model);
  one.node->on_piece = one.node->on_sentence = nullptr;  // these are called on all of the threads
  one.node->on_finished = nullptr;
  one.node->on_failed = nullptr;
  std::mutex writing;
  std::vector<std::string> others;
  std::atomic<int> running{3};
  const auto counted = [&](const Result& result) {
    if (result || result.status == TLITE_ERROR_BAD_STATE) return;
    const std::lock_guard lock(writing);
    others.push_back(result.message);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        counted(one.node->say(kPoem, {}));
        counted(one.node->note("дождь"));
        std::string json;
        counted(one.node->save(json));
        one.node->set_options(one.node->options());
        const auto guest = std::make_shared<CharacterNode>();
        counted(guest->join(model.node));
        counted(guest->say("Привет", {}));
        guest->leave();
        counted(model.node->step(100us));
      }
      --running;
    });
  }
  while (running > 0) counted(model.node->step(500us));
  for (std::thread& each : threads) each.join();
  CAPTURE(others.empty() ? "" : others.front());
  CHECK(others.empty());
}

}  // namespace
}  // namespace characters

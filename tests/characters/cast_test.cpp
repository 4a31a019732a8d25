#include <string>
#include <vector>

#include <characters/cast.hpp>
#include <characters/host.hpp>
#include <characters/loader.hpp>
#include <doctest/doctest.h>

namespace characters {
namespace {

using namespace std::chrono_literals;

const std::string kWorld = "Ты живёшь в деревне у моря. Отвечай кратко и по делу. ";

ModelHandle demo() {
  HostHandle host;
  REQUIRE(open_host(host));
  Loader loader;
  REQUIRE(loader.start(host.get(), TLITE_TEST_MODEL));
  ModelHandle model;
  const Result result = loader.take(model);
  REQUIRE_MESSAGE(result, result.message);
  return model;
}

const tlite_model* shared_model() {
  static const ModelHandle model = demo();
  return model.get();
}

CharacterOptions greedy(const std::string& name) {
  CharacterOptions options;
  options.name = name;
  options.system = kWorld + "Тебя зовут " + name + ".";
  options.context = 512;
  options.temperature = 0;
  options.max_new_tokens = 40;
  return options;
}

struct Stage {
  explicit Stage(const CastOptions& options = {2048, 4, 128, 1}) {
    REQUIRE(cast.open(shared_model(), options));
  }
  Character& add(const CharacterOptions& options) {
    Result result;
    Character* const made = cast.add(options, result);
    REQUIRE_MESSAGE(made != nullptr, result.message);
    return *made;
  }
  // Frames until all are silent.
  int play(std::chrono::nanoseconds budget = 1ms) {
    for (int frames = 1; frames < 100000; ++frames) {
      REQUIRE(cast.update(budget));
      bool is_quiet = !cast.is_preparing();
      for (const auto& each : cast.characters()) is_quiet &= each->state() == State::silent;
      if (is_quiet) return frames;
    }
    FAIL("it never ends");
    return 0;
  }
  Cast cast;
};

// What a session of its own answers.
std::string alone(const CharacterOptions& about, const std::vector<std::string>& questions,
                  std::string_view prefix = {}) {
  tlite_session_options options;
  tlite_session_options_init(&options, sizeof options);
  options.context = about.context;
  options.overflow = TLITE_OVERFLOW_DROP_OLDEST;
  tlite_session* made = nullptr;
  REQUIRE(tlite_session_create(shared_model(), &options, &made, nullptr) == TLITE_OK);
  const SessionHandle session(made);
  tlite_sampling_params params;
  tlite_sampling_params_init(&params, sizeof params);
  params.temperature = 0;
  params.max_new_tokens = about.max_new_tokens;
  REQUIRE(tlite_session_set_sampling(made, &params, nullptr) == TLITE_OK);
  REQUIRE(tlite_session_add_system(made, about.system.data(), about.system.size(), nullptr) ==
          TLITE_OK);
  std::string text;
  for (const std::string& question : questions) {
    REQUIRE(tlite_session_add_user(made, question.data(), question.size(), nullptr) == TLITE_OK);
    tlite_generation* answer = nullptr;
    if (prefix.empty()) {
      REQUIRE(tlite_session_reply(made, nullptr, nullptr, &answer, nullptr) == TLITE_OK);
    } else {
      const tlite_message begun = message_of("assistant", prefix);
      REQUIRE(tlite_session_add_message(made, &begun, nullptr) == TLITE_OK);
      REQUIRE(tlite_session_continue(made, nullptr, nullptr, &answer, nullptr) == TLITE_OK);
    }
    const GenerationHandle owned(answer);
    text = std::string(prefix) + std::string(view(answer->text));
  }
  return text;
}

TEST_CASE("characters/cast: three at once say what each says alone, by piece and by sentence") {
  Stage stage;
  const std::vector<std::string> questions = {"Столица Франции?", "What colour is the sky?",
                                              "Напиши стих про машинное обучение"};
  std::vector<Character*> all;
  std::vector<std::string> pieces(3);
  std::vector<std::string> sentences(3);
  int ended = 0;
  for (std::size_t i = 0; i < 3; ++i) {
    all.push_back(&stage.add(greedy("A" + std::to_string(i))));
    all[i]->on_piece = [&pieces, i](std::string_view text) { pieces[i] += text; };
    all[i]->on_sentence = [&sentences, i](std::string_view text) {
      sentences[i] += std::string(text) + "|";
    };
    all[i]->on_end = [&ended](tlite_finish_reason) { ++ended; };
    REQUIRE(all[i]->say(questions[i]));
    CHECK(all[i]->state() == State::thinking);
  }
  CHECK(stage.play(100us) > 10);
  CHECK(ended == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(all[i]->answer() == alone(all[i]->options(), {questions[i]}));
    CHECK(pieces[i] == all[i]->answer());
    CHECK_FALSE(sentences[i].empty());
  }
  // The poem's lines.
  CHECK(std::count(sentences[2].begin(), sentences[2].end(), '|') >= 4);
}

TEST_CASE("characters/cast: a frame that is late works on nothing") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  REQUIRE(one.say("Столица Франции?"));
  for (int i = 0; i < 1000; ++i) REQUIRE(stage.cast.update(std::chrono::nanoseconds(-i)));
  CHECK(one.state() == State::thinking);
  tlite_engine_status status = {};
  status.struct_size = sizeof status;
  REQUIRE(tlite_engine_get_status(stage.cast.engine(), &status, nullptr) == TLITE_OK);
  CHECK(status.free_tokens == 2048);
}

TEST_CASE("characters/cast: an answer begins as it is told, and is told of as a part of it") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  std::string heard;
  one.on_piece = [&](std::string_view text) { heard += text; };
  REQUIRE(one.say("Столица Франции?", "Столица"));
  CHECK(heard == "Столица");
  stage.play();
  CHECK(one.answer() == alone(one.options(), {"Столица Франции?"}, "Столица"));
  CHECK(one.answer().size() > std::string("Столица").size());
  CHECK(heard == one.answer());
  std::string json;
  REQUIRE(one.save(json));
  CHECK(json.find(one.answer()) != std::string::npos);
}

TEST_CASE("characters/cast: interrupted where it is, and goes on with what it was heard to say") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  int pieces = 0;
  tlite_finish_reason reason = TLITE_FINISH_NONE;
  one.on_end = [&](tlite_finish_reason why) { reason = why; };
  SUBCASE("from outside") {
    REQUIRE(one.say("Напиши стих про машинное обучение"));
    while (one.answer().size() < 20) REQUIRE(stage.cast.update(100us));
    one.interrupt();
  }
  SUBCASE("from its own callback") {
    one.on_piece = [&](std::string_view) {
      if (++pieces == 3) one.interrupt();
    };
    REQUIRE(one.say("Напиши стих про машинное обучение"));
    stage.play();
    CHECK(pieces == 3);
  }
  CHECK(reason == TLITE_FINISH_CANCELLED);
  CHECK(one.state() == State::silent);
  std::string json;
  REQUIRE(one.save(json));
  CHECK(json.find("\"assistant\"") != std::string::npos);
  one.interrupt();  // nothing
  one.on_piece = nullptr;
  REQUIRE(one.say("Столица Франции?"));
  stage.play();
  CHECK(reason == TLITE_FINISH_END_OF_TEXT);
}

TEST_CASE("characters/cast: callbacks ask, add and remove") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  Character* const two = &stage.add(greedy("two"));
  int answers = 0;
  one.on_end = [&](tlite_finish_reason) {
    if (++answers < 3) REQUIRE(one.say("Столица Италии?"));
  };
  two->on_sentence = [&](std::string_view) {
    stage.add(greedy("three"));
    stage.cast.remove(two);
  };
  REQUIRE(one.say("Столица Франции?"));
  REQUIRE(two->say("Напиши стих про машинное обучение"));
  stage.play();
  CHECK(answers == 3);
  CHECK(stage.cast.characters().size() == 2);
  // Of what was removed nothing runs on.
  tlite_engine_status status = {};
  status.struct_size = sizeof status;
  REQUIRE(tlite_engine_get_status(stage.cast.engine(), &status, nullptr) == TLITE_OK);
  CHECK(status.running + status.waiting == 0);
}

TEST_CASE(
    "characters/cast: who is removed by a callback of its own call is silent and goes later") {
  Stage stage;
  Character* const one = &stage.add(greedy("one"));
  Character* const two = &stage.add(greedy("two"));
  one->on_end = [&](tlite_finish_reason) { stage.cast.remove(one); };
  two->on_piece = [&](std::string_view) { stage.cast.remove(two); };
  REQUIRE(one->say("Напиши стих про машинное обучение"));
  CHECK(one->say("Столица Франции?").status == TLITE_ERROR_BAD_STATE);
  REQUIRE(two->say("Столица Франции?", "Столица "));
  CHECK(stage.cast.update(1ms));
  CHECK(stage.cast.characters().empty());
  Result inner;
  Character& three = stage.add(greedy("three"));
  three.on_piece = [&](std::string_view) { inner = stage.cast.update(1ms); };
  REQUIRE(three.say("Столица Франции?"));
  stage.play();
  CHECK(inner.status == TLITE_ERROR_BAD_STATE);
}

TEST_CASE("characters/cast: notes stand behind the player's words, once") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  one.note("[Настроение: злой]");
  one.note("[Fact: it rains]");
  REQUIRE(one.say("Привет"));
  stage.play();
  REQUIRE(one.say("Пока"));
  stage.play();
  std::string json;
  REQUIRE(one.save(json));
  const std::size_t hello = json.find("Привет");
  const std::size_t mood = json.find("[Настроение: злой]\\n[Fact: it rains]");
  REQUIRE(mood != std::string::npos);
  CHECK(hello < mood);
  CHECK(mood < json.find("Пока"));
  CHECK(json.find("Настроение", mood + 30) == std::string::npos);
}

TEST_CASE("characters/cast: of notes that nobody could read the newest are left") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  for (int i = 0; i < 1000; ++i) one.note("[Fact " + std::to_string(i) + "]");
  CHECK(one.say(std::string(1 << 20, 'x')).status == TLITE_ERROR_CONTEXT_FULL);
  REQUIRE(one.say("Привет"));
  stage.play();
  std::string json;
  REQUIRE(one.save(json));
  CHECK(json.find("[Fact 999]") != std::string::npos);
  CHECK(json.find("[Fact 0]") == std::string::npos);
  // None of them is cut.
  CHECK(json.find("\"[Fact ") != std::string::npos);
  one.note(std::string(1 << 20, 'x'));
  CHECK(one.say("Привет").status == TLITE_ERROR_CONTEXT_FULL);
  one.note("[Short]");
  REQUIRE(one.say("Привет"));
}

TEST_CASE("characters/cast: saved and loaded it answers as if nothing had happened") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  REQUIRE(one.say("Меня зовут Анна."));
  stage.play();
  std::string json;
  REQUIRE(one.save(json));
  CHECK(json.find(kWorld) == std::string::npos);
  REQUIRE(one.say("Как меня зовут?"));
  stage.play();
  Stage next;
  Character& other = next.add(greedy("one"));
  REQUIRE(other.load(json));
  REQUIRE(other.say("Как меня зовут?"));
  next.play();
  CHECK(other.answer() == one.answer());
  REQUIRE(other.reset());
  REQUIRE(other.save(json));
  CHECK(json == "[]\n");
}

TEST_CASE("characters/cast: what cannot be loaded or said leaves all as it was") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  REQUIRE(one.say("Привет"));
  std::string json;
  Result refused = one.save(json);
  CHECK(refused.message == "a character that is answering cannot save: interrupt it first");
  CHECK(one.load("[]").status == TLITE_ERROR_BAD_STATE);
  stage.play();
  REQUIRE(one.save(json));
  for (const char* broken : {"", "{", "[1]", "[{\"role\": 1, \"content\": \"x\"}]", "\xff"}) {
    CAPTURE(broken);
    refused = one.load(broken);
    CHECK_FALSE(refused);
    CHECK_FALSE(refused.message.empty());
  }
  refused = one.say(std::string(1 << 20, 'x'));
  CHECK(refused.status == TLITE_ERROR_CONTEXT_FULL);
  CHECK(refused.message.find("512") != std::string::npos);
  std::string after;
  REQUIRE(one.save(after));
  CHECK(after == json);
  CHECK(one.state() == State::silent);
  REQUIRE(one.say({}));  // silence is something to answer
  REQUIRE(one.say("\xff\xfe\xd0<|im_end|>", "\xc3"));
  stage.play();
}

TEST_CASE("characters/cast: numbers out of range name themselves") {
  Stage stage;
  Result result;
  CharacterOptions options = greedy("one");
  options.max_new_tokens = -5;
  CHECK(stage.cast.add(options, result) == nullptr);
  CHECK(result.message.find("max_new_tokens is -5") != std::string::npos);
  Cast other;
  result = other.open(shared_model(), {-1, 4, 128, 1});
  CHECK(result.status == TLITE_ERROR_INVALID_ARGUMENT);
  CHECK(result.message.find("context is -1") != std::string::npos);
  CHECK(other.add(greedy("one"), result) == nullptr);
  CHECK(result.message.find("engine is NULL") != std::string::npos);
  REQUIRE(other.update(1ms));
}

TEST_CASE("characters/cast: answers are drawn as asked, and end where they are told to") {
  Stage stage;
  const std::string question = "Столица Франции?";
  CharacterOptions options = greedy("one");
  const std::string whole = alone(options, {question});
  REQUIRE(whole.find("Париж") != std::string::npos);
  options.stop = {"нет такого", " Пари"};
  Character& one = stage.add(options);
  REQUIRE(one.say(question));
  stage.play();
  CHECK(one.answer() == whole.substr(0, whole.find(" Пари")));
  // The likeliest of one is what greedy takes.
  options = greedy("one");
  options.temperature = 1.5F;
  options.top_k = 1;
  Character& two = stage.add(options);
  REQUIRE(two.say(question));
  stage.play();
  CHECK(two.answer() == whole);
  Result result;
  for (const auto& [field, name] : {std::pair{&CharacterOptions::top_p, "top_p is 1.5"},
                                    std::pair{&CharacterOptions::min_p, "min_p is 1.5"}}) {
    options = greedy("one");
    options.*field = 1.5F;
    CHECK(stage.cast.add(options, result) == nullptr);
    CHECK(result.message.find(name) != std::string::npos);
  }
  options = greedy("one");
  options.repetition_penalty = 0;
  CHECK(stage.cast.add(options, result) == nullptr);
  CHECK(result.message.find("repetition_penalty is 0") != std::string::npos);
}

TEST_CASE("characters/cast: a long conversation is put into a summary, the last turns stay") {
  Stage stage;
  CharacterOptions options = greedy("one");
  options.summarize_above = 150;
  options.keep_turns = 1;
  options.summary_heading = "BEFORE: ";
  options.summary_tokens = 20;
  Character& one = stage.add(options);
  std::string summary;
  one.on_summary = [&](std::string_view text) { summary = text; };
  int turns = 0;
  for (; summary.empty() && turns < 30; ++turns) {
    REQUIRE(one.say("Столица страны номер " + std::to_string(turns) + "?"));
    stage.play();
  }
  REQUIRE_FALSE(summary.empty());
  CHECK(turns > 1);
  std::string json;
  REQUIRE(one.save(json));
  CHECK(json.find("BEFORE: ") < json.find("номер " + std::to_string(turns - 1)));
  CHECK(json.find("номер 0?") == std::string::npos);
  CHECK(json.find("пересказ") == std::string::npos);  // the request itself leaves no trace
  // Whoever speaks meanwhile is not kept waiting, and nothing is lost.
  summary.clear();
  one.on_end = nullptr;
  while (one.state() != State::remembering) {
    REQUIRE(one.say("Расскажи ещё про столицы стран, пожалуйста"));
    while (one.is_busy()) REQUIRE(stage.cast.update(100us));
  }
  REQUIRE(one.say("Стой!"));
  CHECK(one.state() == State::thinking);
  CHECK(summary.empty());
  stage.play();
}

TEST_CASE(
    "characters/cast: prepared on a loading screen, the first answer finds its prompt there") {
  Stage stage;
  Character& one = stage.add(greedy("one"));
  REQUIRE(stage.cast.prepare(one));
  CHECK(stage.cast.is_preparing());
  stage.play();
  tlite_engine_status status = {};
  status.struct_size = sizeof status;
  REQUIRE(tlite_engine_get_status(stage.cast.engine(), &status, nullptr) == TLITE_OK);
  CHECK(status.cached_tokens >= 32);
  REQUIRE(one.say("Столица Франции?"));
  stage.play();
  CHECK(one.answer() == alone(one.options(), {"Столица Франции?"}));
}

TEST_CASE("characters/loader: what there is not is told in a sentence; a load can be given up") {
  Loader missing;
  REQUIRE(missing.start(nullptr, "no/such/модель"));
  ModelHandle model;
  const Result result = missing.take(model);
  CHECK(result.status == TLITE_ERROR_NOT_FOUND);
  CHECK(result.message.find("no/such/модель") != std::string::npos);
  CHECK(model == nullptr);
  CHECK(missing.is_done());
  Loader given_up;
  given_up.cancel();
  REQUIRE(given_up.start(nullptr, TLITE_TEST_MODEL));
  given_up.cancel();
}

}  // namespace
}  // namespace characters

#include <string>
#include <vector>

#include <characters/sentences.hpp>
#include <doctest/doctest.h>

namespace characters {
namespace {

std::vector<std::string> cut(std::string_view text, std::size_t step) {
  std::vector<std::string> result;
  const auto take = [&](std::string_view sentence) { result.emplace_back(sentence); };
  Sentences sentences;
  for (; !text.empty(); text.remove_prefix(std::min(step, text.size()))) {
    sentences.push(text.substr(0, step), take);
  }
  sentences.flush(take);
  return result;
}

TEST_CASE("characters/sentences: the same sentences in pieces of any size") {
  struct Case {
    const char* text;
    std::vector<std::string> expected;
  };
  const std::vector<Case> cases = {
      {"", {}},
      {" \n ", {}},
      {"Привет", {"Привет"}},
      {"Привет! Как дела? Хорошо...", {"Привет!", "Как дела?", "Хорошо..."}},
      {"It is 3.14. Really?! Yes.", {"It is 3.14.", "Really?!", "Yes."}},
      {"А. С. Пушкин жил в г. Москве. Да.", {"А. С. Пушкин жил в г. Москве.", "Да."}},
      {"«Стой!» — крикнул он. И ушёл…  Тишина", {"«Стой!»", "— крикнул он.", "И ушёл…", "Тишина"}},
      {"Сперва строка,\nпотом другая\n\nи стих.", {"Сперва строка,", "потом другая", "и стих."}},
      {"Mr. Fox said (\"Go.\") and left. It was I. Then he went.",
       {"Mr. Fox said (\"Go.\")", "and left.", "It was I.", "Then he went."}},
      {"Это я. Ты кто?", {"Это я.", "Ты кто?"}},
      {"\xff\xfe. \xd0. x", {"\xff\xfe.", "\xd0.", "x"}},
      {"?! ... !", {"?!", "...", "!"}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.text);
    for (const std::size_t step : {1u, 2u, 3u, 7u, 1000u}) {
      CAPTURE(step);
      CHECK(cut(each.text, step) == each.expected);
    }
  }
}

TEST_CASE("characters/sentences: who is given one may clear the rest") {
  Sentences sentences;
  int count = 0;
  sentences.push("One. Two. Three. ", [&](std::string_view) {
    ++count;
    sentences.clear();
  });
  sentences.flush([&](std::string_view) { ++count; });
  CHECK(count == 1);
}

}  // namespace
}  // namespace characters

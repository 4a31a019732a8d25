// Conversations with the demo model: real words, so that stop strings and code points are real.
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <tlite/session.hpp>

namespace tlite {

namespace {

Session demo_session(std::int32_t max_new_tokens = 60) {
  static const char* const kPath = TLITE_SOURCE_DIR "/examples/demo-model/model";
  Session session(Model::load(kPath), {.context = 1024, .threads = 1});
  SamplingParams params = sampling_preset("greedy");
  params.max_new_tokens = max_new_tokens;
  session.set_sampling(params);
  return session;
}

// The second word of a text, with the blank before it.
std::string second_word(const std::string& text) {
  const std::size_t begin = text.find_first_of(" \n");
  REQUIRE(begin != std::string::npos);
  return text.substr(begin, text.find_first_of(" \n", begin + 1) - begin);
}

}  // namespace

TEST_CASE("api/session_demo: a trained model answers in Russian and ends its turn") {
  Session session = demo_session();
  session.add_user("Привет! Как дела?");
  const Generation generation = session.reply();
  CHECK(generation.finish_reason == FinishReason::end_of_text);
  CHECK(generation.text.size() > 4);
  CHECK(static_cast<unsigned char>(generation.text[0]) >= 0xD0);  // Cyrillic
  CHECK(generation.text.find("<|") == std::string::npos);
}

TEST_CASE("api/session_demo: Cyrillic stop strings, across tokens, cut at every length") {
  Session session = demo_session();
  session.add_user("Напиши стих про машинное обучение");
  const std::string whole = session.reply().text;
  const std::string word = second_word(whole);
  for (std::size_t length = 3; length <= word.size(); length += 2) {
    SamplingParams params = session.sampling();
    params.stop = {word.substr(0, length)};
    session.set_sampling(params);
    std::string shown;
    const Generation cut = session.regenerate([&](const Piece& piece) {
      shown += piece.text;
      CHECK(whole.starts_with(shown));
      CHECK(shown.size() <= whole.find(params.stop[0]));
      return true;
    });
    CHECK(cut.finish_reason == FinishReason::stop_string);
    CHECK(cut.text == whole.substr(0, whole.find(params.stop[0])));
    CHECK(shown == cut.text);
  }
}

TEST_CASE("api/session_demo: a conversation with the cache says what one without it says") {
  Session session = demo_session(20);
  for (const char* text : {"Привет!", "Назови столицу Франции.", "What is two plus two?"}) {
    session.add_user(text);
    Session fresh = demo_session(20);
    fresh.set_messages(session.messages());
    CHECK(session.reply().tokens == fresh.reply().tokens);
  }
}

TEST_CASE("api/session_demo: an answer made one token at a time is the answer made at once") {
  Session whole = demo_session();
  whole.add_user("Напиши стих про машинное обучение");
  const Generation expected = whole.reply();
  Session session = demo_session(1);
  session.add_user("Напиши стих про машинное обучение");
  std::vector<TokenId> tokens = session.reply().tokens;
  while (tokens.size() < expected.tokens.size()) {
    const Generation more = session.continue_reply();
    tokens.insert(tokens.end(), more.tokens.begin(), more.tokens.end());
  }
  CHECK(tokens == expected.tokens);
  CHECK(session.messages().back().content == expected.text);
}

}  // namespace tlite

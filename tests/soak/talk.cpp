#include "soak/talk.hpp"

#include <algorithm>
#include <utility>

namespace tlite::soak {

SessionOptions random_session(std::uint64_t seed, const EngineOptions& engine) {
  Random random(seed);
  SessionOptions options;
  options.context = std::min(engine.context, random.from(100, 220));
  options.kv_type = engine.kv_type;
  options.threads = 1;
  options.overflow = random.from<int>(0, 2) == 2 ? OverflowPolicy::drop_oldest
                                                 : static_cast<OverflowPolicy>(random.from(0, 1));
  return options;
}

namespace {

// An answer that may be stopped by its callback.
Generation say(Session& session, Random& random) {
  const int most = random.one_in(3) ? random.from(1, 6) : 1000;
  int pieces = 0;
  const PieceCallback callback = [&](const Piece&) { return ++pieces < most; };
  const bool answered =
      !session.messages().empty() && session.messages().back().role == "assistant";
  switch (answered ? random.from(0, 2) : 3) {
    case 0:
      return session.regenerate(callback);
    case 1:
      return session.continue_reply(callback);
    case 2:
      return session.complete("complete this", callback);
    default:
      return session.reply(callback);
  }
}

}  // namespace

std::vector<std::string> talk(Session session, std::uint64_t seed,
                              const std::function<void(const std::function<void()>&)>& guarded) {
  Random random(seed);
  const auto vocabulary = static_cast<TokenId>(session.model().info().config.vocab_size);
  std::vector<std::string> said;
  const auto call = [&](const std::function<void()>& body) {
    try {
      guarded(body);
    } catch (const Error& error) {
      said.push_back(error.what());
      session.reset();
    }
  };
  for (int turn = 0; turn < 4; ++turn) {
    SamplingParams params = random_sampling(random, vocabulary);
    params.max_new_tokens = random.from(1, 16);
    params.min_new_tokens = 0;
    const std::uint64_t choices = random.next();
    call([&] { session.set_sampling(params); });
    if (choices % 3 != 0 || session.messages().empty()) {
      call([&] { session.add_user("turn " + std::to_string(turn)); });
    }
    Generation answer;
    call([&] {
      Random same(choices);  // the same again where it is called again
      answer = say(session, same);
    });
    said.push_back(answer.text + "|" + std::string(to_string(answer.finish_reason)));
    if (choices % 5 != 0) continue;
    answer = {};
    call([&] {
      Session fork = session.fork();
      fork.add_user("fork");
      answer = fork.reply();
    });
    said.push_back(answer.text);
  }
  said.push_back(std::to_string(session.messages().size()));
  return said;
}

}  // namespace tlite::soak

// main returns while other threads answer, render and read models, as games and servers end: none of them
// needs anything of simdjson's that ends with the program. (Who loads needs what ends with oneTBB, the
// last but libc to go: docs/c-abi.md.)
#include "unit/support/tiny_checkpoint.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <tlite/chat.hpp>
#include <tlite/session.hpp>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTemplate =
    "{% for tool in tools %}{{ tool.name }}{% endfor %}{{ messages[0].content }}";

// What each thread has done.
enum Work : std::size_t { answers, loads, renderings };
std::array<std::atomic<int>, 3> done{};

bool come(int more) {
  for (auto& work : done) {
    const int enough = work + more;
    for (int i = 0; i < 60000 && work < enough; ++i) std::this_thread::sleep_for(1ms);
    if (work < enough) return false;
  }
  return true;
}

std::atomic<bool> loading{false};
std::atomic<bool> enough{false};

// Made before main and so the last to go: what the libraries have made since is gone by then, and the
// threads go on.
struct Last {
  ~Last() {
    if (!come(20)) std::_Exit(1);
    enough = true;
    while (loading) std::this_thread::sleep_for(1ms);
  }
};
const Last last;

tlite::LoadOptions tiny() {
  tlite::LoadOptions options;
  options.host.files = tlite::test::tiny_checkpoint("tiny");
  return options;
}

void answer_for_ever(const tlite::Model& model) {
  tlite::Session session(model, {.context = 256, .threads = 2});
  tlite::SamplingParams params;
  params.max_new_tokens = 4;
  params.stop = {"a stop"};
  session.set_sampling(params);
  for (;;) {
    session.set_messages({{"user", "Привет \xFF"}});
    session.reply();
    ++done[answers];
  }
}

void load_until_enough() {
  loading = true;
  const tlite::LoadOptions options = tiny();
  for (; !enough; ++done[loads]) static_cast<void>(tlite::Model::load("tiny", options));
  loading = false;
}

void render_for_ever() {
  const tlite::ChatTemplate chat = tlite::ChatTemplate::parse(kTemplate);
  const tlite::TemplateOptions options{.tools_json = R"([{"name": "погода"}])"};
  for (;; ++done[renderings]) static_cast<void>(chat.render({{"user", "Привет"}}, options));
}

}  // namespace

int main() {
  const auto* const model = new tlite::Model(tlite::Model::load("tiny", tiny()));
  std::thread([model] { answer_for_ever(*model); }).detach();
  std::thread(load_until_enough).detach();
  std::thread(render_for_ever).detach();
  return come(3) ? 0 : 1;
}

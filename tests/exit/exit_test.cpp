// main returns while other threads load, answer and render, as games and servers end: none of them needs
// anything that ends with the program.
#include "unit/support/tiny_checkpoint.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <tlite/chat.hpp>
#include <tlite/error.hpp>
#include <tlite/session.hpp>

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kTemplate =
    "{% for tool in tools %}{{ tool.name }}{% endfor %}{{ messages[0].content }}";

// What each thread has done. One that the library tells the program's end has done all it can.
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

// Made before main and so the last to go: what the libraries have made since is gone by then, and the
// threads go on.
struct Last {
  ~Last() {
    if (!come(20)) std::_Exit(1);
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

// Again and again; `kind` counts. Once the program ends, what parses JSON may end with `cancelled`.
template <class Function>
void repeat(Work kind, const Function& function) {
  for (;;) {
    try {
      function();
    } catch (const tlite::Error& error) {
      if (error.code() != tlite::ErrorCode::cancelled) std::_Exit(2);
    }
    ++done[kind];
  }
}

}  // namespace

int main() {
  const auto* const model = new tlite::Model(tlite::Model::load("tiny", tiny()));
  std::thread([model] { answer_for_ever(*model); }).detach();
  std::thread([] {
    const tlite::LoadOptions options = tiny();
    repeat(loads, [&] { static_cast<void>(tlite::Model::load("tiny", options)); });
  }).detach();
  std::thread([] {
    const tlite::ChatTemplate chat = tlite::ChatTemplate::parse(kTemplate);
    const tlite::TemplateOptions options{.tools_json = R"([{"name": "погода"}])"};
    repeat(renderings, [&] { static_cast<void>(chat.render({{"user", "Привет"}}, options)); });
  }).detach();
  return come(3) ? 0 : 1;
}

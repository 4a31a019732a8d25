// main returns while another thread answers, as games and servers end: it needs nothing that ends with
// the program. (Loading does, see docs/c-abi.md: simdjson has objects of its own.)
#include "unit/support/tiny_checkpoint.hpp"

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include <tlite/session.hpp>

namespace {

using namespace std::chrono_literals;

std::atomic<int> answers{0};

bool come(int more) {
  const int enough = answers + more;
  for (int i = 0; i < 60000 && answers < enough; ++i) std::this_thread::sleep_for(1ms);
  return answers >= enough;
}

// Made before main and so the last to go: what the libraries have made since is gone by then, and the
// thread goes on.
struct Last {
  ~Last() {
    if (!come(20)) std::_Exit(1);
  }
};
const Last last;

void answer_for_ever(const tlite::Model& model) {
  tlite::Session session(model, {.context = 256, .threads = 2});
  tlite::SamplingParams params;
  params.max_new_tokens = 4;
  params.stop = {"a stop"};
  session.set_sampling(params);
  for (;;) {
    session.set_messages({{"user", "Привет \xFF"}});
    session.reply();
    ++answers;
  }
}

}  // namespace

int main() {
  tlite::LoadOptions options;
  options.host.files = tlite::test::tiny_checkpoint("tiny");
  const auto* const model = new tlite::Model(tlite::Model::load("tiny", options));
  std::thread([model] { answer_for_ever(*model); }).detach();
  return come(3) ? 0 : 1;
}

// A loop of your own over the forward pass: each step of an answer is a line that you can change.
//
//   c++ -std=c++20 own_loop.cpp $(pkg-config --cflags --libs tlite) -o own_loop
//   ./own_loop MODEL-DIRECTORY "What is the capital of France?"
#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include <tlite/tlite.hpp>

namespace {

constexpr int kMostTokens = 200;

void answer(const tlite::Model& model, const std::string& question) {
  const tlite::ModelInfo& info = model.info();
  const std::vector<tlite::Message> messages = {{.role = "user", .content = question}};
  const tlite::Prompt prompt =
      model.chat_template().render(messages, {.add_generation_prompt = true});
  std::vector<tlite::TokenId> next = model.tokenizer().encode(
      prompt.text, {.add_special = false, .literal_ranges = prompt.literal});

  tlite::Evaluator evaluator(model, {.context = 2048});
  const tlite::SequenceId sequence = evaluator.create_sequence();
  tlite::Sampler sampler(model.default_sampling(), static_cast<std::size_t>(info.config.vocab_size),
                         info.eos_token_ids);
  tlite::StreamDecoder decoder(model.tokenizer(), {.skip_special = true});
  tlite::StopMatcher matcher({"User:"});
  sampler.observe_prompt(next);

  for (int i = 0; i < kMostTokens; ++i) {
    evaluator.append(sequence, next);
    const tlite::TokenId token = sampler.sample(evaluator.logits(0)).token;
    const auto& ends = info.eos_token_ids;
    if (std::find(ends.begin(), ends.end(), token) != ends.end()) break;
    std::cout << matcher.push(decoder.push(token)) << std::flush;
    if (!matcher.found().empty()) return;
    next = {token};
  }
  std::cout << matcher.push(decoder.finish()) << matcher.flush() << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: own_loop MODEL-DIRECTORY QUESTION\n";
    return 2;
  }
  try {
    answer(tlite::Model::load(argv[1]), argv[2]);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "own_loop: " << error.what() << '\n';
    return 1;
  }
}

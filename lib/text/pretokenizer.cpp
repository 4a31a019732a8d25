#include "text/pretokenizer.hpp"

#include <string>

namespace tlite::text {

// The scanner where it knows the pattern; they split alike, and it is the faster one.
Pretokenizer::Pretokenizer(const TokenizerSpec& spec, const CharClasses& classes) {
  const std::string where = spec.name + ": pre_tokenizer";
  for (const PretokenizerStep& step : spec.pretokenizer) {
    std::unique_ptr<Splitter> splitter;
    if (!step.prefix_space) {
      splitter = make_scanning_splitter(step.pattern, classes);
      if (!splitter) splitter = make_regex_splitter(step.pattern, where);
    }
    steps_.push_back(std::move(splitter));
  }
}

// Pieces are handed on at once and never kept: behind a prefix space they lie in a string of this
// call. It recurses once a step, of which the tokenizer's file has a few.
void Pretokenizer::run(std::size_t step, std::string_view text,
                       FunctionRef<void(std::string_view)> word) const {
  if (text.empty()) return;
  if (step == steps_.size()) {
    word(text);
  } else if (steps_[step] == nullptr) {
    if (text.front() == ' ') return run(step + 1, text, word);
    std::string spaced(1, ' ');
    run(step + 1, spaced.append(text), word);
  } else if (step + 1 == steps_.size()) {
    steps_[step]->split(text, word);
  } else {
    steps_[step]->split(text, [&](std::string_view piece) { run(step + 1, piece, word); });
  }
}

void Pretokenizer::split(std::string_view text, FunctionRef<void(std::string_view)> word) const {
  run(0, text, word);
}

}  // namespace tlite::text

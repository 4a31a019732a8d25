// Splitting by re2: linear time whatever the pattern and the text.
#include "base/utf8.hpp"
#include "text/pretokenizer.hpp"
#include "text/split_pattern.hpp"

#include <string>

#include <re2/re2.h>

#include <tlite/error.hpp>

namespace tlite::text {
namespace {

RE2::Options options() {
  RE2::Options options;
  options.set_log_errors(false);
  // \p{L} alone is 1,800 instructions; the default of 8 MiB makes the automaton start over.
  options.set_max_mem(std::int64_t{64} << 20);
  return options;
}

// A pattern that does not match the empty text matches none anywhere, for anchors and \b are
// refused by translate_pattern: so each match moves on. re2's automata lock for themselves; any
// thread may split.
class RegexSplitter final : public Splitter {
 public:
  RegexSplitter(std::string_view pattern, std::string_view where)
      : pattern_(translate_pattern(pattern, where)), regex_(pattern_.re2, options()) {
    const auto refuse = [&](const std::string& why) {
      throw Error(ErrorCode::not_supported, std::string(where) + ": not supported: " + why +
                                                ": \"" + std::string(pattern) + "\"");
    };
    if (!regex_.ok()) refuse("a pattern that re2 refuses (" + regex_.error() + ")");
    if (RE2::FullMatch("", regex_)) refuse("a pattern that matches the empty text");
  }

  void split(std::string_view text, FunctionRef<void(std::string_view)> piece) const override {
    std::size_t done = 0;
    while (done < text.size()) {
      re2::StringPiece found[2];
      const re2::StringPiece whole(text.data(), text.size());
      if (!regex_.Match(whole, done, text.size(), RE2::UNANCHORED, found,
                        pattern_.look_ahead ? 2 : 1)) {
        piece(text.substr(done));
        return;
      }
      const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
      std::size_t end = begin + found[0].size();
      if (pattern_.look_ahead && found[1].data() != nullptr && end < text.size()) {
        const std::size_t last = previous_code_point(text, end);
        if (last > begin) end = last;
      }
      if (begin > done) piece(text.substr(done, begin - done));
      piece(text.substr(begin, end - begin));
      done = end;
    }
  }

 private:
  SplitPattern pattern_;
  RE2 regex_;
};

}  // namespace

std::unique_ptr<Splitter> make_regex_splitter(std::string_view pattern, std::string_view where) {
  return std::make_unique<RegexSplitter>(pattern, where);
}

}  // namespace tlite::text

// Cuts text into the words that byte-pair encoding never looks across.
#pragma once

#include "base/function_ref.hpp"
#include "text/tokenizer_spec.hpp"
#include "text/unicode.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace tlite::text {

// Cuts valid UTF-8 at the matches of a pattern: they and what lies between them are the pieces.
// Immutable, for any thread. A piece is a view that is valid during the call alone.
class Splitter {
 public:
  virtual ~Splitter() = default;
  virtual void split(std::string_view text, FunctionRef<void(std::string_view)> piece) const = 0;
};

// Any pattern, by re2. Throws not_supported for one that it cannot run.
std::unique_ptr<Splitter> make_regex_splitter(std::string_view pattern, std::string_view where);

// The pattern of Qwen2 and its kin, scanned by hand, 80 times as fast as by re2; null for any other
// pattern. `classes` must outlive the splitter.
std::unique_ptr<Splitter> make_scanning_splitter(std::string_view pattern,
                                                 const CharClasses& classes);

class Pretokenizer {
 public:
  Pretokenizer(const TokenizerSpec& spec, const CharClasses& classes);

  // Calls `word` with each piece of valid UTF-8, in order, none of them empty.
  void split(std::string_view text, FunctionRef<void(std::string_view)> word) const;

 private:
  void run(std::size_t step, std::string_view text, FunctionRef<void(std::string_view)> word) const;

  std::vector<std::unique_ptr<Splitter>> steps_;  // null: a prefix space
};

}  // namespace tlite::text

// Finds stop strings in text that arrives in pieces, for whoever drives an Evaluator.
//
//   tlite::StopMatcher matcher({"\n\n", "User:"});
//   out += matcher.push(decoder.push(token));
//   if (!matcher.found().empty()) break;         // and at the end: out += matcher.flush();
//
// What may become a stop string is held back, so text once given out is never taken back. The stop
// string that is complete first wins; of those complete at the same byte, the longest: where the
// text was cut makes no difference.
//
// A StopMatcher belongs to one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <tlite/export.hpp>

namespace tlite {

class TLITE_API StopMatcher {
 public:
  // `keep`: a stop string that is found stays in the text. Throws invalid_argument for an empty
  // stop string.
  explicit StopMatcher(const std::vector<std::string>& stops, bool keep = false);
  ~StopMatcher();
  StopMatcher(StopMatcher&&) noexcept;
  StopMatcher& operator=(StopMatcher&&) noexcept;

  // The text that no stop string can need any more, possibly empty; valid until the next call. Once
  // one is complete, what follows it in `text` is lost, and the next push starts anew.
  std::string_view push(std::string_view text);

  // What is held back, for a text that ends here, likewise; then the matcher is as new.
  std::string_view flush();

  // The stop string that the last push completed; empty: none.
  const std::string& found() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace tlite

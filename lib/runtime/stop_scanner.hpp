// Finds stop strings in text that arrives in pieces, holding back what may become one.
//
// The stop string that is complete first wins; of those complete at the same byte, the longest. So
// the result does not depend on where the text was cut. One Knuth-Morris-Pratt automaton a string:
// its state is the length of the string's longest prefix that the text so far ends with, which is
// exactly what has to be held back.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tlite {

class StopScanner {
 public:
  // `stops`: none empty. `keep`: a stop string that is found stays in the text.
  explicit StopScanner(const std::vector<std::string>& stops, bool keep = false);

  // Appends to `out` what no stop string can need any more. True when one is complete: what
  // follows it in `text` is lost, and the matcher starts anew.
  bool push(std::string_view text, std::string& out);

  // Appends what is held back, for a text that ends here, and starts anew.
  void flush(std::string& out);

  // The stop string that push found last; empty before.
  const std::string& found() const noexcept { return found_; }

 private:
  struct Stop {
    std::string text;
    std::vector<std::size_t> fallback;  // [i]: longest proper border of the first i + 1 bytes
    std::size_t matched = 0;
  };
  static void advance(Stop& stop, char byte) noexcept;

  std::vector<Stop> stops_;
  std::string held_;
  std::string found_;
  bool keep_;
};

}  // namespace tlite

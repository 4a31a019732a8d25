// Room in a simdjson parser, for programs that end while a thread of theirs parses.
#pragma once

#include <cstddef>

namespace tlite {

// simdjson picks its code for the processor through objects that are destroyed when the program ends;
// a thread that asks them later aborts the program. They are asked where a parser gets its room and
// nowhere else: while one of these lives they are there, and the end of the program waits for it. Hold
// it for that call alone. Throws cancelled once the program is ending.
class JsonObjectsAlive {
 public:
  JsonObjectsAlive();
  JsonObjectsAlive(const JsonObjectsAlive&) = delete;
  JsonObjectsAlive& operator=(const JsonObjectsAlive&) = delete;
  ~JsonObjectsAlive();
};

// Room for a text of so many bytes in a dom or ondemand parser, so that parsing asks for none. Gives
// simdjson's error code: MEMALLOC or CAPACITY.
template <class Parser>
auto make_room(Parser& parser, std::size_t bytes) {
  constexpr std::size_t kLeast = 32;  // simdjson enlarges a smaller one
  const JsonObjectsAlive alive;
  return parser.allocate(bytes < kLeast ? kLeast : bytes);
}

}  // namespace tlite

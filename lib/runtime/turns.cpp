#include "runtime/turns.hpp"

#include <algorithm>

namespace tlite {

std::size_t drop_oldest_turn(std::vector<Message>& messages) {
  const auto first = std::find_if(messages.begin(), messages.end(),
                                  [](const Message& message) { return message.role != "system"; });
  if (first == messages.end()) return 0;
  const auto next = std::find_if(first + 1, messages.end(),
                                 [](const Message& message) { return message.role == "user"; });
  if (next == messages.end()) return 0;
  // What a host says between turns, an instruction that the next one needs, stays as what it said at
  // the beginning does.
  const auto kept = std::stable_partition(
      first, next, [](const Message& message) { return message.role == "system"; });
  const auto count = static_cast<std::size_t>(next - kept);
  messages.erase(kept, next);
  return count;
}

}  // namespace tlite

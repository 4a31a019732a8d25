// A conversation as turns: what a user said and all that was answered to it.
#pragma once

#include <cstddef>
#include <vector>

#include <tlite/chat.hpp>

namespace tlite {

// Removes the oldest turn: from the first message that is not a system message up to the next user
// message, but for system messages in between. They all stay, as does the turn of the last user
// message. Returns how many messages were removed, 0 where none can be.
std::size_t drop_oldest_turn(std::vector<Message>& messages);

}  // namespace tlite

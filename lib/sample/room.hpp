// Room that an answer has from its start on, so that its tokens cost no allocation: a host that has
// 16 ms a frame should not wait for a heap that its other threads use. What turns out to be longer
// doubles its room, and keeps it.
#pragma once

#include <cstddef>

namespace tlite {

// Tokens of an answer, where it may have as many.
inline constexpr std::size_t kAnswerRoom = 1024;
// Bytes of text that go with each, on average.
inline constexpr std::size_t kTokenRoom = 8;
// Bytes of one piece of text.
inline constexpr std::size_t kPieceRoom = 64;

}  // namespace tlite

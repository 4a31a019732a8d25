#pragma once

#include <deque>
#include <vector>

#include <tlite.h>

#include <tlite/chat.hpp>

namespace tlite::capi {

// A message with its tool calls as C sees them. Never moved: the views point into the strings.
struct MessageEntry {
  explicit MessageEntry(Message message);
  MessageEntry(const MessageEntry&) = delete;
  MessageEntry& operator=(const MessageEntry&) = delete;

  const Message value;
  std::vector<tlite_tool_call> tool_calls;
};

Message message_in(const tlite_message* message);

}  // namespace tlite::capi

struct tlite_messages {
  std::deque<tlite::capi::MessageEntry> entries;

  std::vector<tlite::Message> values() const;
};

namespace tlite::capi {

tlite_messages* new_messages(const std::vector<Message>& messages);

}  // namespace tlite::capi

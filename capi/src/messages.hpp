// Lists of messages. A list belongs to one thread at a time, as it can be added to; sessions and
// templates take a copy of what is in it.
#pragma once

#include <deque>
#include <vector>

#include <tlite.h>

#include <tlite/chat.hpp>

namespace tlite::capi {

// A message with its tool calls as C sees them. Never moved: the views point into the strings.
// The C forms of tool calls are made with the entry and not when they are asked for, so that
// getting a message needs no memory, and changes nothing.
struct MessageEntry {
  explicit MessageEntry(Message message);
  MessageEntry(const MessageEntry&) = delete;
  MessageEntry& operator=(const MessageEntry&) = delete;

  const Message value;
  std::vector<tlite_tool_call> tool_calls;
};

// A copy of all texts, checked by validate() as C++ callers' messages are.
Message message_in(const tlite_message* message);

}  // namespace tlite::capi

struct tlite_messages {
  // A deque, which never moves what it holds: views that tlite_messages_get gave out survive an
  // addition.
  std::deque<tlite::capi::MessageEntry> entries;

  std::vector<tlite::Message> values() const;
};

namespace tlite::capi {

// The caller's.
tlite_messages* new_messages(const std::vector<Message>& messages);

}  // namespace tlite::capi

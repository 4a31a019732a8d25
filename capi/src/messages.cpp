#include "messages.hpp"

#include "arguments.hpp"
#include "strings.hpp"
#include "structs.hpp"

#include <memory>
#include <string>
#include <utility>

namespace tlite::capi {
namespace {

constexpr tlite_message kDefaults = {};

tlite_message message_out(const MessageEntry& entry) {
  tlite_message message = kDefaults;
  message.role = text_out(entry.value.role);
  message.content = text_out(entry.value.content);
  message.tool_calls = entry.tool_calls.data();
  message.tool_call_count = entry.tool_calls.size();
  message.tool_call_id = text_out(entry.value.tool_call_id);
  message.name = text_out(entry.value.name);
  return message;
}

}  // namespace

// The views are into `value`, which is in place by then, and not into the parameter.
MessageEntry::MessageEntry(Message message) : value(std::move(message)) {
  tool_calls.reserve(value.tool_calls.size());
  for (const ToolCall& call : value.tool_calls) {
    tool_calls.push_back(
        {text_out(call.name), text_out(call.arguments_json), text_out(call.id), {}});
  }
}

// tlite_message grows at its end and tlite_tool_call never does: it lies in arrays, whose step must
// stay. So the one is read by read_struct, and the other has fields in reserve, which must be 0.
Message message_in(const tlite_message* message) {
  required(message, "message");
  const tlite_message given = read_struct(message, kDefaults);
  require_zero(given.reserved, "message.reserved");
  Message result;
  result.role = text_in(given.role, "role");
  result.content = text_in(given.content, "content");
  for (const tlite_tool_call& call :
       list_in(given.tool_calls, given.tool_call_count, "tool_calls")) {
    for (const std::uint32_t reserved : call.reserved) require_zero(reserved, "tool_call.reserved");
    result.tool_calls.push_back(
        {std::string(text_in(call.name, "tool_calls.name")),
         std::string(text_in(call.arguments_json, "tool_calls.arguments_json")),
         std::string(text_in(call.id, "tool_calls.id"))});
  }
  result.tool_call_id = text_in(given.tool_call_id, "tool_call_id");
  result.name = text_in(given.name, "name");
  validate(result);
  return result;
}

tlite_messages* new_messages(const std::vector<Message>& messages) {
  auto list = std::make_unique<tlite_messages>();
  for (const Message& message : messages) list->entries.emplace_back(message);
  return list.release();
}

}  // namespace tlite::capi

using namespace tlite::capi;

std::vector<tlite::Message> tlite_messages::values() const {
  std::vector<tlite::Message> result;
  result.reserve(entries.size());
  for (const MessageEntry& entry : entries) result.push_back(entry.value);
  return result;
}

tlite_status tlite_message_init(tlite_message* message, size_t struct_size) noexcept {
  return init_struct(message, struct_size, kDefaults);
}

tlite_status tlite_messages_create(tlite_messages** out, tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_messages;
  });
}

tlite_status tlite_messages_parse(const char* json, size_t json_size, tlite_messages** out,
                                  tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new_messages(tlite::parse_messages(text_in(json, json_size, "json")));
  });
}

void tlite_messages_free(tlite_messages* messages) noexcept { delete messages; }

tlite_status tlite_messages_add(tlite_messages* messages, const tlite_message* message,
                                tlite_error** error) noexcept {
  return guard(error,
               [&] { required(messages, "messages").entries.emplace_back(message_in(message)); });
}

size_t tlite_messages_count(const tlite_messages* messages) noexcept {
  return messages == nullptr ? 0 : messages->entries.size();
}

tlite_status tlite_messages_get(const tlite_messages* messages, size_t index, tlite_message* out,
                                tlite_error** error) noexcept {
  return guard(error, [&] {
    const auto& entries = required(messages, "messages").entries;
    const std::size_t size = out_struct_size(out, "out");
    if (index >= entries.size()) {
      throw_invalid("index is " + std::to_string(index) + ", in a list of " +
                    std::to_string(entries.size()) + " messages");
    }
    copy_out(message_out(entries[index]), out, size);
  });
}

tlite_status tlite_messages_to_json(const tlite_messages* messages, tlite_string** out,
                                    tlite_error** error) noexcept {
  return guard(error, [&] {
    required(out, "out");
    *out = new tlite_string{tlite::messages_to_json(required(messages, "messages").values())};
  });
}

// Objects of the C ABI that free themselves, and what a call answers, without exceptions: engines
// such as Godot's and Unreal's are compiled without them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <tlite.h>

namespace characters {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using ModelHandle = std::unique_ptr<tlite_model, Freer<tlite_model_free>>;
using EngineHandle = std::unique_ptr<tlite_engine, Freer<tlite_engine_free>>;
using SessionHandle = std::unique_ptr<tlite_session, Freer<tlite_session_free>>;
using StreamHandle = std::unique_ptr<tlite_stream, Freer<tlite_stream_free>>;
using MessagesHandle = std::unique_ptr<tlite_messages, Freer<tlite_messages_free>>;
using StringHandle = std::unique_ptr<tlite_string, Freer<tlite_string_free>>;
using GenerationHandle = std::unique_ptr<tlite_generation, Freer<tlite_generation_free>>;
using EventHandle = std::unique_ptr<tlite_engine_event, Freer<tlite_engine_event_free>>;
using ProgressHandle = std::unique_ptr<tlite_progress, Freer<tlite_progress_free>>;

// What a call answers: TLITE_OK, or why not in a sentence that can be shown to the player.
struct [[nodiscard]] Result {
  tlite_status status = TLITE_OK;
  std::string message = {};
  explicit operator bool() const noexcept { return status == TLITE_OK; }
};

// Runs `call` with a place for its error.
template <class Call>
Result result_of(Call&& call) {
  tlite_error* error = nullptr;
  const tlite_status status = call(&error);
  Result result{status, status == TLITE_OK ? "" : tlite_error_message(error, nullptr)};
  tlite_error_free(error);
  return result;
}

inline std::string_view view(const tlite_text& text) noexcept {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

inline tlite_message message_of(std::string_view role, std::string_view content) noexcept {
  tlite_message message;
  tlite_message_init(&message, sizeof message);
  message.role = {role.data(), role.size()};
  message.content = {content.data(), content.size()};
  return message;
}

}  // namespace characters

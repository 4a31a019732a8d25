// What the window asks of the engine, and what comes of it.
#pragma once

#include "../conversation/conversation.hpp"
#include "../store/preferences.hpp"

#include <QList>
#include <QString>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include <tlite/chat.hpp>

namespace desktop {

using AnswerId = std::uint64_t;  // given by the one who asks

struct AnswerRequest {
  AnswerId id = 0;
  std::vector<tlite::Message> messages;
  Parameters parameters;
};

struct AnswerEnd {
  Outcome outcome = Outcome::done;
  QString failure;  // where it failed: what the engine says
  std::optional<Usage> usage = std::nullopt;
  double decode_seconds = 0;  // from the first token on
};

// What has happened to an answer since the last one of these.
struct AnswerStep {
  AnswerId id = 0;
  QString reasoning;
  QString content;
  QList<Token> tokens;  // of the content
  std::optional<AnswerEnd> end = std::nullopt;
};

struct LoadRequest {
  QString path;
  LoadChoices choices;
  // Set by anybody at any time: the load ends with `cancelled`.
  std::shared_ptr<std::atomic<bool>> cancelled;
};

struct LoadedModel {
  QString path;
  QString name;
  int context = 0;  // tokens of a prompt and its answer
  bool can_chat = false;
};

}  // namespace desktop

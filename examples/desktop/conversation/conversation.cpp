#include "conversation.hpp"

#include <QDateTime>
#include <QRandomGenerator>
#include <algorithm>
#include <utility>

namespace desktop {
namespace {

constexpr int kTitle = 80;  // characters

}  // namespace

QString new_id() {
  QByteArray bytes(12, '\0');
  for (char& byte : bytes) byte = static_cast<char>(QRandomGenerator::system()->bounded(256));
  return QString::fromLatin1(bytes.toHex());
}

qint64 now() { return QDateTime::currentMSecsSinceEpoch(); }

Conversation new_conversation(const Settings& settings) {
  Conversation made;
  made.id = new_id();
  made.created = made.updated = now();
  made.settings = settings;
  return made;
}

const Turn* find_turn(const Conversation& conversation, const QString& id) {
  const auto& turns = conversation.turns;
  const auto at =
      std::find_if(turns.begin(), turns.end(), [&](const Turn& turn) { return turn.id == id; });
  return at == turns.end() ? nullptr : &*at;
}

Turn* find_turn(Conversation& conversation, const QString& id) {
  auto& turns = conversation.turns;
  const auto at =
      std::find_if(turns.begin(), turns.end(), [&](const Turn& turn) { return turn.id == id; });
  return at == turns.end() ? nullptr : &*at;
}

QList<Turn> path_to(const Conversation& conversation, const QString& id) {
  QList<Turn> path;
  for (const Turn* turn = find_turn(conversation, id); turn != nullptr;
       turn = find_turn(conversation, turn->parent)) {
    path.append(*turn);
  }
  std::reverse(path.begin(), path.end());
  return path;
}

QStringList children_of(const Conversation& conversation, const QString& parent) {
  QStringList ids;
  for (const Turn& turn : conversation.turns) {
    if (turn.parent == parent) ids += turn.id;
  }
  return ids;
}

void append_turn(Conversation& conversation, const Turn& turn) {
  conversation.turns.append(turn);
  conversation.updated = now();
  conversation.leaf = turn.id;
}

void select_branch(Conversation& conversation, const QString& id) {
  conversation.leaf = id;
  for (;;) {
    const QStringList next = children_of(conversation, conversation.leaf);
    if (next.isEmpty()) return;
    conversation.leaf = next.last();
  }
}

QString title_of(const Conversation& conversation) {
  if (!conversation.title.isEmpty()) return conversation.title;
  const QList<Turn> path = path_to(conversation, conversation.leaf);
  if (path.isEmpty()) return {};
  return path.first().content.trimmed().section('\n', 0, 0).left(kTitle);
}

std::vector<tlite::Message> messages_for(const Conversation& conversation, const QString& id) {
  std::vector<tlite::Message> messages;
  const QString& system = conversation.settings.system;
  if (!system.trimmed().isEmpty()) messages.push_back({"system", system.toStdString()});
  for (const Turn& turn : path_to(conversation, id)) {
    if (turn.role == Role::assistant && turn.content.isEmpty()) continue;
    messages.push_back(
        {turn.role == Role::user ? "user" : "assistant", turn.content.toStdString()});
  }
  return messages;
}

}  // namespace desktop

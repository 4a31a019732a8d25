// A conversation is a tree of turns: what is edited or answered anew becomes a sibling, nothing is
// lost. What is read and sent is the path from a root to `leaf`.
#pragma once

#include "parameters.hpp"

#include <QByteArray>
#include <QList>
#include <QMetaType>
#include <QString>
#include <optional>
#include <vector>

#include <tlite/chat.hpp>

namespace desktop {

struct ScoredText {
  QString text;
  double logprob = 0;  // natural logarithm, <= 0
  QByteArray bytes;    // where they are no whole UTF-8 it is these that count; else empty

  bool operator==(const ScoredText&) const = default;
};

struct Token : ScoredText {
  QList<ScoredText> alternatives;  // likeliest first; the token itself may be among them

  bool operator==(const Token&) const = default;
};

struct Usage {
  int prompt = 0;  // tokens
  int cached = 0;  // of the prompt's: those that were computed before
  int completion = 0;

  bool operator==(const Usage&) const = default;
};

// Seconds from the request on.
struct Timing {
  double first_token = 0;
  double total = 0;
  std::optional<double> thinking = std::nullopt;  // before the first piece of the content

  bool operator==(const Timing&) const = default;
};

enum class Role { user, assistant };

// Of an answer. `running` on the disk was interrupted: the program went away under it.
enum class Outcome { none, running, done, length, stopped, interrupted, failed, edited };

struct Turn {
  QString id;
  QString parent;  // empty: a first one
  Role role = Role::user;
  QString content;
  qint64 created = 0;  // milliseconds since 1970
  // Of answers alone:
  Outcome outcome = Outcome::none;
  QString failure;  // where outcome is `failed`
  QString reasoning;
  QList<Token> tokens;  // of the content, where probabilities were asked for
  std::optional<Usage> usage = std::nullopt;
  std::optional<Timing> timing = std::nullopt;
  QString model;

  bool operator==(const Turn&) const = default;
};

struct Settings {
  QString model;   // that answered last; empty: none
  QString system;  // empty: none
  Parameters parameters;

  bool operator==(const Settings&) const = default;
};

struct Conversation {
  QString id;
  QString title;  // empty: the first words of its first turn
  qint64 created = 0;
  qint64 updated = 0;
  Settings settings;
  QList<Turn> turns;  // in the order in which they were made: a turn stands behind its parent
  QString leaf;       // empty: nothing was said

  bool operator==(const Conversation&) const = default;
};

QString new_id();
qint64 now();
Conversation new_conversation(const Settings& settings);

const Turn* find_turn(const Conversation& conversation, const QString& id);
Turn* find_turn(Conversation& conversation, const QString& id);

// From the root to `id`.
QList<Turn> path_to(const Conversation& conversation, const QString& id);
// Ids of the turns with that parent, in the order in which they were made.
QStringList children_of(const Conversation& conversation, const QString& parent);

void append_turn(Conversation& conversation, const Turn& turn);
// Goes to the branch of turn `id`, down to what was said last in it.
void select_branch(Conversation& conversation, const QString& id);

QString title_of(const Conversation& conversation);

// What the model reads for an answer to turn `id`. An answer of which nothing came is no turn.
std::vector<tlite::Message> messages_for(const Conversation& conversation, const QString& id);

}  // namespace desktop

Q_DECLARE_METATYPE(desktop::Conversation)

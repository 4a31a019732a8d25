// Conversations as text, in the form of the server's page (examples/server/page, Export), so that
// either reads what the other wrote:
//
//   {"format": "tlite-conversations", "version": 1, "conversations": [...]}
//
// A file is as foreign as an answer: all of it is checked before any of it is kept.
#pragma once

#include "conversation.hpp"

#include <QByteArray>
#include <QList>
#include <stdexcept>

namespace desktop {

// Names the place in the file and what is wrong there.
class FormatError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

QByteArray write_conversations(const QList<Conversation>& conversations);
// Throws FormatError.
QList<Conversation> read_conversations(const QByteArray& text);

}  // namespace desktop

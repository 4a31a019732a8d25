// Conversations and preferences on the disk: a file each in one folder, written beside and renamed, so that a file
// is whole whenever the machine or the program ends. All of it happens on a thread of its own, for
// a disk may take seconds; what came of it is told by signals.
#pragma once

#include "../conversation/conversation.hpp"
#include "preferences.hpp"

#include <QList>
#include <QObject>
#include <QString>
#include <QThread>

namespace desktop {

struct Summary {
  QString id;
  QString title;  // empty: none
  qint64 updated = 0;
};

Summary summary_of(const Conversation& conversation);

class ConversationStore : public QObject {
  Q_OBJECT

 public:
  // `folder` has conversations/ and preferences.ini, or will have.
  explicit ConversationStore(const QString& folder);
  // Waits for what is to be written.
  ~ConversationStore() override;

  // In the order of the calls.
  void list();
  void read(const QString& id);
  void save(const Conversation& conversation);
  void remove(const QString& id);
  // Exports all that is kept, or adds what a file has. Of an id that is there already the content
  // decides: the same is not new, another one gets an id of its own.
  void export_all(const QString& file);
  void import_from(const QString& file);
  // Beside the folder of conversations.
  void save(const Preferences& preferences);
  // synced() comes when all that was to be done is done.
  void sync();
  // Behind what is to be written: finished() comes, and nothing more is done.
  void finish();

 signals:
  void listed(const QList<desktop::Summary>& summaries);
  void opened(const desktop::Conversation& conversation);
  void failed_to_read(const QString& message);   // naming the file
  void failed_to_write(const QString& message);  // likewise
  void failed_to_save(const QString& id, const QString& message);
  void saved(const QString& id);
  void exported(const QString& file);
  void imported(const QList<desktop::Summary>& added);
  void synced();
  void finished();

 private:
  QString path_of(const QString& id) const;
  QList<Conversation> read_all();
  void write(const Conversation& conversation);
  void add(const QList<Conversation>& conversations);

  const QString folder_;  // of conversations
  const QString preferences_file_;
  QThread thread_;
  QObject there_;  // lives on it
};

}  // namespace desktop

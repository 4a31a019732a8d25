// What the window shows and does: the conversations, the one on show, answers on their way. All
// changes go through here, which keeps them on the disk; whoever shows them learns by signals.
#pragma once

#include "../conversation/conversation.hpp"
#include "../engine/engine_thread.hpp"
#include "../store/conversation_store.hpp"

#include <QElapsedTimer>
#include <QHash>
#include <QList>
#include <QObject>
#include <QSet>
#include <QString>
#include <QTimer>
#include <map>

namespace desktop {

class Chats : public QObject {
  Q_OBJECT

 public:
  // `settings`: of the first conversation.
  Chats(EngineThread& engine, ConversationStore& store, const Settings& settings);

  const Conversation& current() const;
  const QList<Summary>& summaries() const { return summaries_; }  // newest first
  bool is_running(const QString& conversation) const;
  bool is_running() const { return is_running(current_); }
  bool has_model() const { return !model_.path.isEmpty(); }
  const LoadedModel& model() const { return model_; }

  // A new conversation starts with the settings of the one before.
  void start_new();
  void show(const QString& id);
  void rename(const QString& id, const QString& title);
  void remove(const QString& id);

  // Says something behind the current turn and has it answered. False: there is no model, or an
  // answer runs.
  bool say(const QString& content);
  // A turn said otherwise: a sibling. What the user said is answered anew.
  void edit(const QString& turn, const QString& content);
  void regenerate(const QString& turn);
  void stop();
  void select_branch(const QString& turn);
  void set_settings(const Settings& settings);

  // The model went away: what ran has ended, what is asked is refused.
  void set_model(const LoadedModel& model);

  // Writes what is not yet written.
  void flush();
  // A write has failed, and none of the same conversation has worked since.
  bool has_unsaved() const { return !failed_.isEmpty(); }

 signals:
  void list_changed();
  void current_changed();                  // another conversation is on show
  void path_changed();                     // turns came or went in the one on show
  void turn_changed(const QString& turn);  // of the one on show
  void running_changed();
  void settings_changed();
  void failed_to_save(const QString& message);

 private:
  struct Running {
    QString conversation;
    QString turn;
    QElapsedTimer since;
    double first_token = -1;
    double first_content = -1;
    bool thought = false;
  };

  bool answer(const QString& parent);
  void take(const AnswerStep& step);
  void finish(Running& running, Turn& turn, const AnswerEnd& end);
  void changed(const QString& conversation, bool soon);
  void save_now();
  void set_summary(const Conversation& conversation);
  void put_summaries(const QList<Summary>& summaries);
  void opened(const Conversation& conversation);

  EngineThread& engine_;
  ConversationStore& store_;
  QHash<QString, Conversation> open_;
  QString current_;
  QString wanted_;                  // is being read from the disk, to be shown
  QHash<QString, QString> titles_;  // for conversations that are being read from the disk
  QList<Summary> summaries_;
  std::map<AnswerId, Running> running_;
  AnswerId last_answer_ = 0;
  LoadedModel model_;
  QSet<QString> unsaved_;  // have changed since they were last handed to the store
  QSet<QString> failed_;   // their last write failed
  QTimer save_timer_;
};

}  // namespace desktop

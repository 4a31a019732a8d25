// The window: its parts, and what passes between them, the disk and the engine.
#pragma once

#include "../engine/engine_thread.hpp"
#include "../state/chats.hpp"
#include "../state/models.hpp"
#include "../store/conversation_store.hpp"
#include "../store/preferences.hpp"
#include "composer.hpp"
#include "conversation_list.hpp"
#include "header.hpp"
#include "notice_bar.hpp"
#include "panels.hpp"
#include "settings_panel.hpp"
#include "thread_view.hpp"

#include <QMainWindow>
#include <QString>

namespace desktop {

class MainWindow : public QMainWindow {
  Q_OBJECT

 public:
  // `folder`: where conversations and preferences are kept.
  MainWindow(const QString& folder, const Preferences& preferences);

  // Shows what the model takes, and how it could be loaded.
  void open_model(const QString& path);

  Chats& chats() { return chats_; }
  Models& models() { return models_; }
  ThreadView& thread() { return *thread_; }
  NoticeBar& notice() { return *notice_; }

 signals:
  // The window was closed, and all that was to be kept is kept; nothing runs any more.
  void closed();

 protected:
  void closeEvent(QCloseEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void changeEvent(QEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  void build();
  void connect_parts();
  void connect_model();
  void build_actions();
  QAction* add_action(Text text, const QKeySequence& keys, std::function<void()> what);
  void fill_menus();
  void load(const QString& path, const LoadChoices& choices);
  void submit();
  void regenerate_last();
  void show_next(int by);
  void refresh_composer();
  void choose_file();
  void choose_folder();
  void export_all();
  void import_file();
  void keep_preferences();
  void set_language_of(Language language);
  void go_away();

  Preferences preferences_;
  ConversationStore store_;
  EngineThread engine_;
  Chats chats_;
  Models models_;

  Header* header_;
  ConversationList* list_;
  SettingsPanel* settings_;
  ThreadView* thread_;
  Composer* composer_;
  QWidget* middle_;
  Panels* panels_;
  NoticeBar* notice_;

  struct Action {
    QAction* action;
    Text text;
  };
  QList<Action> actions_;
  enum class Closing { no, wanted, warned, anyway, done } closing_ = Closing::no;
  int ended_threads_ = 0;
};

}  // namespace desktop

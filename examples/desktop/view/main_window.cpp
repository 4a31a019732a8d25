#include "main_window.hpp"

#include "model_dialog.hpp"
#include "style.hpp"

#include <QApplication>
#include <QCloseEvent>
#include <QDir>
#include <QFileDialog>
#include <QFileInfo>
#include <QKeyEvent>
#include <QMimeData>
#include <QVBoxLayout>

namespace desktop {

MainWindow::MainWindow(const QString& folder, const Preferences& preferences)
    : preferences_(preferences),
      store_(folder),
      chats_(engine_, store_, preferences.settings),
      models_(engine_, chats_),
      header_(new Header(chats_, models_)),
      list_(new ConversationList(chats_, preferences)),
      settings_(new SettingsPanel(chats_)),
      thread_(new ThreadView(chats_)),
      composer_(new Composer),
      middle_(new QWidget),
      panels_(new Panels(list_, middle_, settings_)),
      notice_(new NoticeBar(panels_)) {
  build();
  connect_parts();
  connect_model();
  build_actions();
  fill_menus();
  refresh_composer();
  store_.list();
}

void MainWindow::build() {
  setWindowTitle(say(Text::app_name));
  setAcceptDrops(true);
  middle_->setObjectName("main_column");
  auto* const column = new QVBoxLayout(middle_);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(0);
  column->addWidget(header_);
  column->addWidget(thread_, 1);
  auto* const foot = new QHBoxLayout;
  foot->setContentsMargins(20, 0, 20, 0);
  foot->addStretch(1);
  foot->addWidget(composer_, 100);
  foot->addStretch(1);
  composer_->setMaximumWidth(780);
  column->addLayout(foot);
  setCentralWidget(panels_);
  resize(1180, 780);
  if (!preferences_.geometry.isEmpty()) restoreGeometry(preferences_.geometry);
  composer_->focus();
}

void MainWindow::connect_parts() {
  connect(header_, &Header::list_toggled, this, [this] { panels_->toggle(list_); });
  connect(header_, &Header::settings_toggled, this, [this] { panels_->toggle(settings_); });
  connect(list_, &ConversationList::closed, panels_, &Panels::close_covering);
  connect(list_, &ConversationList::chosen, panels_, &Panels::close_covering);
  connect(settings_, &SettingsPanel::closed, this, [this] { panels_->toggle(settings_); });
  connect(panels_, &Panels::arranged, this, [this] {
    list_->set_closable(panels_->is_narrow());
    notice_->arrange();
  });
  connect(list_, &ConversationList::new_conversation, this, [this] {
    chats_.start_new();
    panels_->close_covering();
    composer_->focus();
  });
  connect(list_, &ConversationList::exported, this, &MainWindow::export_all);
  connect(list_, &ConversationList::imported, this, &MainWindow::import_file);
  connect(list_, &ConversationList::language_chosen, this, &MainWindow::set_language_of);
  connect(list_, &ConversationList::theme_chosen, this, [this](Theme theme) {
    preferences_.theme = theme;
    apply_theme(theme);
    keep_preferences();
  });
  connect(composer_, &Composer::submitted, this, &MainWindow::submit);
  connect(composer_, &Composer::stopped, &chats_, &Chats::stop);
  connect(&chats_, &Chats::running_changed, this, &MainWindow::refresh_composer);
  connect(&chats_, &Chats::current_changed, this, &MainWindow::refresh_composer);
  connect(&chats_, &Chats::path_changed, this, &MainWindow::refresh_composer);
  connect(&chats_, &Chats::settings_changed, this, [this] {
    preferences_.settings = chats_.current().settings;
    keep_preferences();
  });
  connect(&chats_, &Chats::failed_to_save, this,
          [this](const QString& message) { notice_->tell(say(Text::not_saved, message)); });
  connect(&store_, &ConversationStore::failed_to_write, this,
          [this](const QString& message) { notice_->tell(say(Text::not_saved, message)); });
  connect(&store_, &ConversationStore::failed_to_read, this,
          [this](const QString& message) { notice_->tell(say(Text::not_read, message)); });
  connect(&store_, &ConversationStore::exported, this,
          [this](const QString& file) { notice_->tell(say(Text::exported, file)); });
  connect(&store_, &ConversationStore::imported, this, [this](const QList<Summary>& added) {
    notice_->tell(say(Text::imported, write(static_cast<double>(added.size()))));
  });
  connect(&store_, &ConversationStore::synced, this, &MainWindow::go_away);
}

void MainWindow::connect_model() {
  connect(thread_, &ThreadView::choose_model, this, &MainWindow::choose_file);
  connect(header_, &Header::loading_cancelled, &models_, &Models::cancel);
  connect(&models_, &Models::changed, this, &MainWindow::refresh_composer);
  connect(&models_, &Models::loaded, this, [this](const QString& path) {
    preferences_.add_model(path);
    keep_preferences();
    fill_menus();
    composer_->focus();
  });
  connect(&models_, &Models::failed, this,
          [this](const QString& message) { notice_->tell(say(Text::load_failed, message)); });
  connect(&models_, &Models::cancelled, this, [this] { notice_->tell(say(Text::load_cancelled)); });
  connect(&engine_, &EngineThread::in_trouble, this,
          [this](const QString& message) { notice_->tell(say(Text::engine_trouble, message)); });
  const auto ended = [this] {
    if (++ended_threads_ < 2) return;
    closing_ = Closing::done;
    emit closed();
  };
  connect(&engine_, &EngineThread::finished, this, ended);
  connect(&store_, &ConversationStore::finished, this, ended);
}

QAction* MainWindow::add_action(Text text, const QKeySequence& keys, std::function<void()> what) {
  auto* const action = new QAction(say(text), this);
  action->setShortcut(keys);
  connect(action, &QAction::triggered, this, std::move(what));
  addAction(action);
  actions_.append({action, text});
  return action;
}

void MainWindow::build_actions() {
  QMenu& menu = header_->menu();
  menu.addAction(add_action(Text::new_conversation, QKeySequence::New, [this] {
    chats_.start_new();
    composer_->focus();
  }));
  menu.addAction(add_action(Text::rename, Qt::Key_F2, [this] { list_->rename_current(); }));
  menu.addAction(add_action(Text::remove, {}, [this] { list_->remove_current(); }));
  menu.addSeparator();
  menu.addAction(add_action(Text::regenerate, Qt::CTRL | Qt::Key_R, [this] { regenerate_last(); }));
  menu.addAction(add_action(Text::message, Qt::CTRL | Qt::Key_L, [this] { composer_->focus(); }));
  menu.addSeparator();
  menu.addAction(add_action(Text::export_all, Qt::CTRL | Qt::Key_E, [this] { export_all(); }));
  menu.addAction(add_action(Text::import_file, Qt::CTRL | Qt::Key_I, [this] { import_file(); }));
  menu.addSeparator();
  menu.addAction(
      add_action(Text::conversations, Qt::CTRL | Qt::Key_B, [this] { panels_->toggle(list_); }));
  menu.addAction(
      add_action(Text::settings, Qt::CTRL | Qt::Key_Comma, [this] { panels_->toggle(settings_); }));
  menu.addAction(add_action(Text::quit, QKeySequence::Quit, [this] { close(); }));
  add_action(Text::open_file, QKeySequence::Open, [this] { choose_file(); });
  add_action(Text::open_folder, Qt::CTRL | Qt::SHIFT | Qt::Key_O, [this] { choose_folder(); });
  add_action(Text::conversations, Qt::CTRL | Qt::Key_PageUp, [this] { show_next(-1); });
  add_action(Text::conversations, Qt::CTRL | Qt::Key_PageDown, [this] { show_next(1); });
}

// Names of files are shown by menus, where & would mark a key.
void MainWindow::fill_menus() {
  for (const Action& each : actions_) each.action->setText(say(each.text));
  QMenu& menu = header_->model_menu();
  menu.clear();
  for (const QString& path : preferences_.models) {
    QString name = QFileInfo(path).fileName();
    menu.addAction(name.replace('&', "&&"), this, [this, path] { open_model(path); });
  }
  if (!preferences_.models.isEmpty()) menu.addSeparator();
  for (const Action& each : actions_) {
    if (each.text == Text::open_file || each.text == Text::open_folder) {
      menu.addAction(each.action);
    }
  }
  menu.addSeparator();
  menu.addAction(say(Text::unload_model), this, [this] { models_.unload(); });
}

void MainWindow::open_model(const QString& path) {
  auto* const dialog = new ModelDialog(path, preferences_.load, chats_.has_model(), this);
  connect(dialog, &ModelDialog::load_wanted, this, &MainWindow::load);
  dialog->open();
}

void MainWindow::load(const QString& path, const LoadChoices& choices) {
  preferences_.load = choices;
  keep_preferences();
  models_.load(path, choices);
}

void MainWindow::choose_file() {
  const QString file =
      QFileDialog::getOpenFileName(this, say(Text::choose_model), QString(),
                                   say(Text::gguf_files) + ";;" + say(Text::all_files));
  if (!file.isEmpty()) open_model(file);
}

void MainWindow::choose_folder() {
  const QString folder = QFileDialog::getExistingDirectory(this, say(Text::choose_model));
  if (!folder.isEmpty()) open_model(folder);
}

void MainWindow::export_all() {
  chats_.flush();
  const QString file = QFileDialog::getSaveFileName(this, say(Text::export_all), "tlite.json",
                                                    say(Text::json_files));
  if (!file.isEmpty()) store_.export_all(file);
}

void MainWindow::import_file() {
  const QString file =
      QFileDialog::getOpenFileName(this, say(Text::import_file), QString(), say(Text::json_files));
  if (!file.isEmpty()) store_.import_from(file);
}

void MainWindow::submit() {
  if (!chats_.has_model()) {
    notice_->tell(say(Text::needs_model));
    return;
  }
  if (chats_.say(composer_->text().trimmed())) composer_->clear();
  thread_->to_end();
}

void MainWindow::regenerate_last() {
  const QList<Turn> path = path_to(chats_.current(), chats_.current().leaf);
  if (!path.isEmpty() && path.last().role == Role::assistant) chats_.regenerate(path.last().id);
}

void MainWindow::show_next(int by) {
  const QList<Summary>& list = chats_.summaries();
  qsizetype at = -1;
  for (qsizetype i = 0; i < list.size(); ++i) {
    if (list[i].id == chats_.current().id) at = i;
  }
  at += by;
  if (at >= 0 && at < list.size()) chats_.show(list[at].id);
}

void MainWindow::refresh_composer() {
  composer_->set_running(chats_.is_running());
  int used = 0;
  for (const Turn& turn : path_to(chats_.current(), chats_.current().leaf)) {
    if (turn.usage) used = turn.usage->prompt + turn.usage->completion;
  }
  composer_->set_context(used, chats_.model().context);
}

void MainWindow::keep_preferences() {
  preferences_.geometry = saveGeometry();
  store_.save(preferences_);
}

void MainWindow::set_language_of(Language language) {
  preferences_.language = language;
  set_language(language);
  QEvent change(QEvent::LanguageChange);
  QApplication::sendEvent(this, &change);
  keep_preferences();
}

void MainWindow::changeEvent(QEvent* event) {
  QMainWindow::changeEvent(event);
  if (event->type() != QEvent::LanguageChange) return;
  setWindowTitle(say(Text::app_name));
  fill_menus();
}

void MainWindow::keyPressEvent(QKeyEvent* event) {
  if (event->key() != Qt::Key_Escape) return QMainWindow::keyPressEvent(event);
  if (panels_->is_covered()) {
    panels_->close_covering();
  } else {
    chats_.stop();
  }
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
  const QList<QUrl> urls = event->mimeData()->urls();
  if (urls.size() == 1 && urls.first().isLocalFile()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
  open_model(event->mimeData()->urls().first().toLocalFile());
}

// The window goes at once; what is to be written and what runs is waited for without it. Where
// something cannot be written it stays once, and says so.
void MainWindow::closeEvent(QCloseEvent* event) {
  if (closing_ == Closing::done) return event->accept();
  event->ignore();
  if (closing_ == Closing::wanted || closing_ == Closing::anyway) return;
  closing_ = closing_ == Closing::warned ? Closing::anyway : Closing::wanted;
  keep_preferences();
  chats_.flush();  // behind them: what it says of a full disk is what counts
  store_.sync();
}

void MainWindow::go_away() {
  if (closing_ != Closing::wanted && closing_ != Closing::anyway) return;
  if (closing_ == Closing::wanted && chats_.has_unsaved()) {
    closing_ = Closing::warned;
    return;
  }
  hide();
  models_.cancel();
  engine_.finish();
  chats_.flush();
  store_.finish();
}

}  // namespace desktop

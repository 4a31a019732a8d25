#include "conversation_list.hpp"

#include "../prose/colours.hpp"

#include <QHBoxLayout>
#include <QInputDialog>
#include <QKeyEvent>
#include <QMenu>
#include <QMessageBox>
#include <QVBoxLayout>

namespace desktop {
namespace {

constexpr int kId = Qt::UserRole;

}  // namespace

ConversationList::ConversationList(Chats& chats, const Preferences& preferences, QWidget* parent)
    : QFrame(parent),
      chats_(chats),
      brand_(new QLabel(this)),
      close_(new IconButton(Icon::close, Text::close_panel, this)),
      new_(new QPushButton(this)),
      list_(new QListWidget(this)),
      hint_(new QLabel(this)),
      export_(new QPushButton(this)),
      import_(new QPushButton(this)),
      language_(new Choice(this)),
      theme_(new Choice(this)) {
  setProperty("kind", "panel");
  setObjectName("list_panel");
  brand_->setProperty("kind", "brand");
  new_->setProperty("kind", "wide");
  new_->setObjectName("new_conversation");
  new_->setIconSize({18, 18});
  list_->setObjectName("conversations");
  list_->setFrameShape(QFrame::NoFrame);
  list_->setContextMenuPolicy(Qt::CustomContextMenu);
  list_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  list_->setTextElideMode(Qt::ElideRight);
  list_->setUniformItemSizes(true);
  auto* const head = new QHBoxLayout;
  head->addWidget(brand_, 1);
  head->addWidget(close_);
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(12, 10, 12, 12);
  column->setSpacing(8);
  column->addLayout(head);
  column->addWidget(new_);
  column->addWidget(list_, 1);
  build_foot(preferences);

  connect(close_, &QToolButton::clicked, this, &ConversationList::closed);
  connect(new_, &QPushButton::clicked, this, &ConversationList::new_conversation);
  connect(list_, &QListWidget::customContextMenuRequested, this, &ConversationList::show_menu);
  const auto choose = [this](const QListWidgetItem* item) {
    chats_.show(item->data(kId).toString());
    emit chosen();
  };
  connect(list_, &QListWidget::itemClicked, this, choose);
  connect(list_, &QListWidget::itemActivated, this, choose);
  connect(&chats, &Chats::list_changed, this, &ConversationList::refresh_list);
  connect(&chats, &Chats::current_changed, this, &ConversationList::refresh_list);
  connect(&chats, &Chats::running_changed, this, &ConversationList::refresh_list);
  refresh();
}

void ConversationList::build_foot(const Preferences& preferences) {
  hint_->setProperty("kind", "hint");
  hint_->setWordWrap(true);
  language_->setObjectName("language");
  theme_->setObjectName("theme");
  language_->addItems({QString::fromUtf8("Русский"), "English"});
  language_->setCurrentIndex(preferences.language == Language::ru ? 0 : 1);
  theme_->addItems({"", "", ""});
  theme_->setCurrentIndex(static_cast<int>(preferences.theme));
  auto* const files = new QHBoxLayout;
  files->addWidget(export_, 1);
  files->addWidget(import_, 1);
  auto* const looks = new QHBoxLayout;
  looks->addWidget(language_, 1);
  looks->addWidget(theme_, 1);
  auto* const column = static_cast<QVBoxLayout*>(layout());
  column->addWidget(hint_);
  column->addLayout(files);
  column->addLayout(looks);
  connect(export_, &QPushButton::clicked, this, &ConversationList::exported);
  connect(import_, &QPushButton::clicked, this, &ConversationList::imported);
  connect(language_, &QComboBox::activated, this,
          [this](int at) { emit language_chosen(at == 0 ? Language::ru : Language::en); });
  connect(theme_, &QComboBox::activated, this,
          [this](int at) { emit theme_chosen(static_cast<Theme>(at)); });
}

void ConversationList::refresh_list() {
  const QList<Summary>& summaries = chats_.summaries();
  while (list_->count() > summaries.size()) delete list_->takeItem(list_->count() - 1);
  while (list_->count() < summaries.size()) list_->addItem(QString());
  int current = -1;
  for (int row = 0; row < list_->count(); ++row) {
    const Summary& summary = summaries[row];
    QListWidgetItem* const item = list_->item(row);
    const QString title = summary.title.isEmpty() ? say(Text::new_conversation) : summary.title;
    const bool runs = chats_.is_running(summary.id);
    item->setData(kId, summary.id);
    item->setText(runs ? QString::fromUtf8("● ") + title : title);
    item->setData(Qt::AccessibleTextRole, runs ? title + ", " + say(Text::answering) : title);
    if (summary.id == chats_.current().id) current = row;
  }
  list_->setCurrentRow(current);
}

void ConversationList::refresh() {
  brand_->setText(say(Text::app_name));
  new_->setText(say(Text::new_conversation));
  new_->setIcon(draw_icon(Icon::plus, colours().ink));
  list_->setAccessibleName(say(Text::conversations));
  hint_->setText(say(Text::kept_here));
  export_->setText(say(Text::export_all));
  import_->setText(say(Text::import_file));
  language_->setAccessibleName(say(Text::language_label));
  theme_->setAccessibleName(say(Text::theme_label));
  theme_->setItemText(0, say(Text::theme_auto));
  theme_->setItemText(1, say(Text::theme_light));
  theme_->setItemText(2, say(Text::theme_dark));
  refresh_list();
}

void ConversationList::show_menu(const QPoint& point) {
  const QListWidgetItem* const item = list_->itemAt(point);
  if (item == nullptr) return;
  chats_.show(item->data(kId).toString());
  auto* const menu = new QMenu(this);
  menu->setAttribute(Qt::WA_DeleteOnClose);
  menu->addAction(say(Text::rename), this, &ConversationList::rename_current);
  menu->addAction(say(Text::remove), this, &ConversationList::remove_current);
  menu->popup(list_->viewport()->mapToGlobal(point));
}

void ConversationList::rename_current() {
  auto* const dialog = new QInputDialog(this);
  dialog->setAttribute(Qt::WA_DeleteOnClose);
  dialog->setWindowTitle(say(Text::rename_conversation));
  dialog->setLabelText(say(Text::title_label));
  dialog->setTextValue(title_of(chats_.current()));
  dialog->setOkButtonText(say(Text::save));
  dialog->setCancelButtonText(say(Text::cancel));
  const QString id = chats_.current().id;
  connect(dialog, &QInputDialog::textValueSelected, this,
          [this, id](const QString& title) { chats_.rename(id, title.left(200)); });
  dialog->open();
}

void ConversationList::remove_current() {
  auto* const question = new QMessageBox(this);
  question->setAttribute(Qt::WA_DeleteOnClose);
  question->setTextFormat(Qt::PlainText);
  question->setWindowTitle(say(Text::delete_button));
  question->setText(say(Text::delete_question) + "\n\n" + QString::fromUtf8("«") +
                    title_of(chats_.current()) + QString::fromUtf8("»\n\n") +
                    say(Text::delete_consequence));
  QPushButton* const remove =
      question->addButton(say(Text::delete_button), QMessageBox::DestructiveRole);
  question->addButton(say(Text::cancel), QMessageBox::RejectRole);
  remove->setProperty("kind", "danger");
  const QString id = chats_.current().id;
  connect(remove, &QPushButton::clicked, this, [this, id] { chats_.remove(id); });
  question->open();
}

void ConversationList::keyPressEvent(QKeyEvent* event) {
  if (list_->hasFocus() && event->key() == Qt::Key_F2) return rename_current();
  if (list_->hasFocus() && event->key() == Qt::Key_Delete) return remove_current();
  QFrame::keyPressEvent(event);
}

void ConversationList::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  const QEvent::Type type = event->type();
  if (type == QEvent::LanguageChange || type == QEvent::PaletteChange) refresh();
}

}  // namespace desktop

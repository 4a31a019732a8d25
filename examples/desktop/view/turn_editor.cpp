#include "turn_editor.hpp"

#include "../text/texts.hpp"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QVBoxLayout>
#include <algorithm>

namespace desktop {

TurnEditor::TurnEditor(const QString& text, Role role, QWidget* parent)
    : QWidget(parent),
      role_(role),
      edit_(new QPlainTextEdit(this)),
      cancel_(new QPushButton(this)),
      save_(new QPushButton(this)) {
  setObjectName("turn_editor");
  edit_->setObjectName("turn_edit");
  edit_->setPlainText(text);
  edit_->setTabChangesFocus(true);
  edit_->moveCursor(QTextCursor::End);
  edit_->installEventFilter(this);
  const int lines = std::clamp(static_cast<int>(text.count('\n') + text.size() / 70) + 2, 3, 14);
  edit_->setFixedHeight(lines * edit_->fontMetrics().lineSpacing() + 18);
  save_->setProperty("kind", "primary");
  save_->setObjectName("save_branch");
  auto* const buttons = new QHBoxLayout;
  buttons->addStretch();
  buttons->addWidget(cancel_);
  buttons->addWidget(save_);
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(edit_);
  column->addLayout(buttons);
  connect(cancel_, &QPushButton::clicked, this, &TurnEditor::cancelled);
  connect(save_, &QPushButton::clicked, this, [this] { submit(); });
  connect(edit_, &QPlainTextEdit::textChanged, this, [this] { refresh(); });
  setFocusProxy(edit_);
  refresh();
}

void TurnEditor::submit() {
  const QString text = edit_->toPlainText().trimmed();
  if (!text.isEmpty()) emit submitted(text);
}

void TurnEditor::refresh() {
  edit_->setAccessibleName(say(Text::edit_message));
  cancel_->setText(say(Text::cancel));
  save_->setText(say(role_ == Role::user ? Text::save_and_send : Text::save_branch));
  save_->setEnabled(!edit_->toPlainText().trimmed().isEmpty());
}

bool TurnEditor::eventFilter(QObject* watched, QEvent* event) {
  if (event->type() != QEvent::KeyPress) return QWidget::eventFilter(watched, event);
  const auto* const key = static_cast<QKeyEvent*>(event);
  const bool is_enter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
  if (is_enter && key->modifiers().testFlag(Qt::ControlModifier)) {
    submit();
    return true;
  }
  if (key->key() == Qt::Key_Escape) {
    emit cancelled();
    return true;
  }
  return false;
}

void TurnEditor::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

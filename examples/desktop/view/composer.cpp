#include "composer.hpp"

#include <QHBoxLayout>
#include <QKeyEvent>
#include <QMimeData>
#include <QVBoxLayout>
#include <algorithm>
#include <cmath>

namespace desktop {

MessageEdit::MessageEdit(QWidget* parent) : QPlainTextEdit(parent) {
  setObjectName("message_edit");
  setFrameShape(QFrame::NoFrame);
  setTabChangesFocus(true);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  connect(this, &QPlainTextEdit::textChanged, this, [this] { fit_height(); });
  fit_height();
}

void MessageEdit::fit_height() {
  constexpr int kMostLines = 10;
  const double line = fontMetrics().lineSpacing();
  const double lines = std::clamp(document()->size().height(), 1.0, double{kMostLines});
  const int height = static_cast<int>(std::ceil(lines * line + 2 * document()->documentMargin()));
  setVerticalScrollBarPolicy(document()->size().height() > kMostLines ? Qt::ScrollBarAsNeeded
                                                                      : Qt::ScrollBarAlwaysOff);
  if (height != this->height()) setFixedHeight(height);
}

void MessageEdit::resizeEvent(QResizeEvent* event) {
  QPlainTextEdit::resizeEvent(event);
  fit_height();
}

void MessageEdit::keyPressEvent(QKeyEvent* event) {
  const bool is_enter = event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter;
  if (is_enter && !event->modifiers().testFlag(Qt::ShiftModifier)) return emit submitted();
  QPlainTextEdit::keyPressEvent(event);
}

bool MessageEdit::canInsertFromMimeData(const QMimeData* source) const {
  return !source->hasUrls() && QPlainTextEdit::canInsertFromMimeData(source);
}

Composer::Composer(QWidget* parent)
    : QWidget(parent),
      box_(new QFrame(this)),
      edit_(new MessageEdit(box_)),
      button_(new IconButton(Icon::send, Text::send, box_)),
      hint_(new ElidedLabel(this)),
      context_(new QLabel(this)) {
  box_->setObjectName("composer_box");
  button_->setObjectName("send_button");
  button_->set_kind("primary", &Colours::on_accent);
  hint_->setProperty("kind", "hint");
  context_->setProperty("kind", "hint");
  context_->setObjectName("context_label");

  auto* const row = new QHBoxLayout(box_);
  row->setContentsMargins(10, 6, 6, 6);
  row->addWidget(edit_, 1, Qt::AlignVCenter);
  row->addWidget(button_, 0, Qt::AlignBottom);
  auto* const foot = new QHBoxLayout;
  foot->setContentsMargins(6, 0, 6, 0);
  foot->addWidget(hint_, 1);
  foot->addWidget(context_);
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(0, 4, 0, 10);
  column->setSpacing(5);
  column->addWidget(box_);
  column->addLayout(foot);

  connect(edit_, &MessageEdit::submitted, this, [this] { submit(); });
  connect(edit_, &QPlainTextEdit::textChanged, this, [this] { refresh(); });
  connect(button_, &QToolButton::clicked, this, [this] {
    if (running_) return emit stopped();
    submit();
  });
  refresh();
}

void Composer::submit() {
  if (!running_ && !text().trimmed().isEmpty()) emit submitted();
}

void Composer::set_running(bool running) {
  running_ = running;
  refresh();
}

void Composer::set_context(int used, int of) {
  used_ = used;
  of_ = of;
  refresh();
}

void Composer::refresh() {
  button_->set(running_ ? Icon::stop : Icon::send, running_ ? Text::stop : Text::send);
  button_->setEnabled(running_ || !text().trimmed().isEmpty());
  edit_->setAccessibleName(say(Text::message));
  edit_->setAccessibleDescription(say(Text::keys_hint));
  edit_->setPlaceholderText(say(Text::message_hint));
  hint_->setText(say(Text::keys_hint));
  const bool known = used_ > 0 && of_ > 0;
  context_->setText(known ? say(Text::context_used, write(used_), write(of_)) : QString());
}

void Composer::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

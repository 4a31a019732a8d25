#include "turn_view.hpp"

#include "../text/texts.hpp"

#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <utility>

namespace desktop {
namespace {

constexpr int kShowEvery = 40;      // milliseconds
constexpr int kCopiedFor = 1500;    // milliseconds
constexpr int kWidest = 10'000;     // pixels, more than a bubble ever has
constexpr int kBubblePadding = 34;  // pixels, as in the style sheet

QLabel* plain_label(const char* kind, QWidget* parent) {
  auto* const label = new QLabel(parent);
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setProperty("kind", kind);
  return label;
}

// A label breaks lines at words alone.
QString breakable(const QString& text) {
  constexpr int kLongestWord = 40;
  QString out;
  int since = 0;
  for (const QChar each : text) {
    since = each.isSpace() ? 0 : since + 1;
    if (since > kLongestWord && !each.isLowSurrogate()) {
      out += QChar(0x200b);  // a space of no width
      since = 1;
    }
    out += each;
  }
  return out;
}

QString ending_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::length:
      return say(Text::ended_length);
    case Outcome::stopped:
      return say(Text::ended_stopped);
    case Outcome::interrupted:
      return say(Text::ended_interrupted);
    case Outcome::edited:
      return say(Text::ended_edited);
    default:
      return {};
  }
}

QString figures_text(const Turn& turn) {
  QStringList parts;
  if (turn.usage && turn.timing) {
    const double decoding = turn.timing->total - turn.timing->first_token;
    // Of an answer that was there within a slice of the engine's the clock says nothing.
    if (turn.usage->completion > 1 && decoding >= 0.02) {
      parts += say(Text::speed, write((turn.usage->completion - 1) / decoding, 1));
    }
    parts += say(Text::first_token, write(turn.timing->first_token, 2));
  }
  if (turn.usage) {
    parts += say_tokens(turn.usage->completion);
    QString prompt = say(Text::prompt, write(turn.usage->prompt));
    if (turn.usage->cached > 0) prompt += ", " + say(Text::cached, write(turn.usage->cached));
    parts += prompt;
  }
  return parts.join(QString::fromUtf8(" · "));
}

}  // namespace

TurnView::TurnView(const Turn& turn, const QStringList& branches, QWidget* overlay)
    : QWidget(nullptr), turn_(turn), branches_(branches), overlay_(overlay) {
  setObjectName("turn");
  refresh_timer_.setSingleShot(true);
  refresh_timer_.callOnTimeout(this, [this] { refresh(); });
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->setSpacing(4);
  if (turn.role == Role::user) {
    build_user();
  } else {
    build_assistant();
  }
  build_actions();
  refresh();
}

void TurnView::build_user() {
  bubble_ = plain_label("bubble", this);
  bubble_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  bubble_->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Minimum);
  body_ = new QWidget(this);
  auto* const row = new QHBoxLayout(body_);
  row->setContentsMargins(60, 0, 0, 0);
  row->addStretch(1);
  row->addWidget(bubble_, 100);
  layout()->addWidget(body_);
}

void TurnView::build_assistant() {
  body_ = text_ = new AnswerText(this);
  waiting_ = plain_label("hint", this);
  ending_ = plain_label("hint", this);
  failure_ = new QFrame(this);
  failure_->setProperty("kind", "failure");
  failure_text_ = plain_label("failure_text", failure_);
  failure_text_->setObjectName("failure_text");
  failure_text_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  again_ = new QPushButton(failure_);
  auto* const row = new QHBoxLayout(failure_);
  row->addWidget(failure_text_, 1);
  row->addWidget(again_, 0, Qt::AlignTop);
  for (QWidget* const each : std::initializer_list<QWidget*>{text_, waiting_, failure_, ending_}) {
    layout()->addWidget(each);
  }
  connect(again_, &QPushButton::clicked, this, [this] { emit regenerated(turn_.id); });
}

void TurnView::build_thought() {
  thought_button_ = new QPushButton(this);
  thought_button_->setProperty("kind", "link");
  thought_button_->setCheckable(true);
  thought_ = new AnswerText(this);
  thought_->setProperty("kind", "thought");
  thought_->hide();
  auto* const column = static_cast<QVBoxLayout*>(layout());
  column->insertWidget(0, thought_button_, 0, Qt::AlignLeft);
  column->insertWidget(1, thought_);
  connect(thought_button_, &QPushButton::toggled, thought_, &QWidget::setVisible);
}

void TurnView::build_actions() {
  actions_ = new QWidget(this);
  auto* const row = new QHBoxLayout(actions_);
  row->setContentsMargins(0, 0, 0, 0);
  row->setSpacing(1);
  previous_ = new IconButton(Icon::left, Text::previous_branch, actions_);
  previous_->setObjectName("previous_branch");
  branch_label_ = plain_label("hint", actions_);
  branch_label_->setObjectName("branch_label");
  branch_label_->setWordWrap(false);
  next_ = new IconButton(Icon::right, Text::next_branch, actions_);
  next_->setObjectName("next_branch");
  copy_ = new IconButton(Icon::copy, Text::copy, actions_);
  edit_ = new IconButton(Icon::edit, Text::edit, actions_);
  edit_->setObjectName("edit_turn");
  regenerate_ = new IconButton(Icon::again, Text::regenerate, actions_);
  regenerate_->setObjectName("regenerate");
  tokens_ = new IconButton(Icon::tokens, Text::show_tokens, actions_);
  tokens_->setObjectName("show_tokens");
  tokens_->setCheckable(true);
  figures_ = new ElidedLabel(actions_);
  figures_->setProperty("kind", "hint");
  figures_->setAlignment(Qt::AlignRight | Qt::AlignVCenter);
  const bool is_user = turn_.role == Role::user;
  if (is_user) row->addStretch(1);
  for (QWidget* const each : std::initializer_list<QWidget*>{previous_, branch_label_, next_, copy_,
                                                             edit_, regenerate_, tokens_}) {
    row->addWidget(each);
  }
  if (!is_user) row->addWidget(figures_, 1);
  figures_->setVisible(!is_user);
  layout()->addWidget(actions_);
  connect(previous_, &QToolButton::clicked, this, [this] { go(-1); });
  connect(next_, &QToolButton::clicked, this, [this] { go(1); });
  connect(edit_, &QToolButton::clicked, this, [this] { begin_edit(); });
  connect(regenerate_, &QToolButton::clicked, this, [this] { emit regenerated(turn_.id); });
  connect(tokens_, &QToolButton::toggled, this, [this](bool shown) { show_tokens(shown); });
  connect(copy_, &QToolButton::clicked, this, [this] {
    QGuiApplication::clipboard()->setText(turn_.content);
    copy_->set(Icon::check, Text::copied);
    QTimer::singleShot(kCopiedFor, copy_, [this] { copy_->set(Icon::copy, Text::copy); });
  });
}

void TurnView::go(int by) {
  const auto at = branches_.indexOf(turn_.id) + by;
  if (at >= 0 && at < branches_.size()) emit branch_selected(branches_[at]);
}

void TurnView::set_turn(const Turn& turn) {
  turn_ = turn;
  if (turn.outcome != Outcome::running) {
    refresh_timer_.stop();
    refresh();
  } else if (!refresh_timer_.isActive()) {
    refresh_timer_.start(kShowEvery);
  }
}

void TurnView::set_branches(const QStringList& branches) {
  if (branches == branches_) return;
  branches_ = branches;
  refresh_actions();
}

void TurnView::set_busy(bool busy) {
  if (busy == busy_) return;
  busy_ = busy;
  refresh_actions();
}

void TurnView::show_text() {
  if (turn_.role == Role::user) {
    bubble_->setText(breakable(turn_.content));
    bubble_->ensurePolished();  // the font is the style sheet's
    const QRect area = bubble_->fontMetrics().boundingRect({0, 0, kWidest, 1}, 0, turn_.content);
    bubble_->setMaximumWidth(area.width() + kBubblePadding);
    bubble_->setAccessibleName(say(Text::you));
    return;
  }
  const bool runs = turn_.outcome == Outcome::running;
  const bool thinks = runs && turn_.content.isEmpty();
  const bool thought = !turn_.reasoning.isEmpty();
  if (thought) {
    if (thought_ == nullptr) build_thought();
    const bool timed = turn_.timing && turn_.timing->thinking;
    thought_button_->setText(thinks  ? say(Text::thinking)
                             : timed ? say(Text::thought, write(*turn_.timing->thinking, 1))
                                     : say(Text::thought_once));
    thought_->set_markdown(turn_.reasoning);
    thought_->setAccessibleName(say(Text::thought_once));
  }
  text_->set_markdown(turn_.content);
  text_->setAccessibleName(turn_.model.isEmpty() ? say(Text::app_name) : turn_.model);
  waiting_->setText(say(Text::waiting));
  waiting_->setVisible(thinks && !thought);
}

void TurnView::refresh_ending() {
  if (turn_.role == Role::user) return;
  const bool failed = turn_.outcome == Outcome::failed;
  failure_->setVisible(failed);
  failure_text_->setText(say(Text::failed, turn_.failure));
  again_->setText(say(Text::try_again));
  const QString ending = ending_text(turn_.outcome);
  ending_->setText(ending);
  ending_->setVisible(!ending.isEmpty());
}

void TurnView::refresh_actions() {
  const bool runs = turn_.outcome == Outcome::running;
  const bool is_user = turn_.role == Role::user;
  const bool said = !turn_.content.isEmpty() || turn_.outcome != Outcome::failed;
  actions_->setVisible(!runs && editor_ == nullptr);
  const auto at = branches_.indexOf(turn_.id);
  const bool many = branches_.size() > 1;
  for (QWidget* const each : std::initializer_list<QWidget*>{previous_, branch_label_, next_}) {
    each->setVisible(many);
  }
  previous_->setEnabled(at > 0);
  next_->setEnabled(at + 1 < branches_.size());
  branch_label_->setText(QString("%1/%2").arg(at + 1).arg(branches_.size()));
  branch_label_->setAccessibleName(
      say(Text::branch, QString::number(at + 1), QString::number(branches_.size())));
  edit_->setEnabled(!busy_);
  edit_->setVisible(is_user || said);
  copy_->setVisible(is_user || said);
  regenerate_->setVisible(!is_user && said);
  regenerate_->setEnabled(!busy_);
  tokens_->setVisible(!is_user && said);
  figures_->setText(figures_text(turn_));
  figures_->setToolTip(figures_->text());
  if (again_ != nullptr) again_->setEnabled(!busy_);
}

void TurnView::refresh() {
  show_text();
  refresh_ending();
  refresh_actions();
}

void TurnView::begin_edit() {
  tokens_->setChecked(false);
  editor_ = new TurnEditor(turn_.content, turn_.role, this);
  static_cast<QVBoxLayout*>(layout())->insertWidget(layout()->indexOf(body_), editor_);
  body_->hide();
  refresh_actions();
  editor_->setFocus();
  connect(editor_, &TurnEditor::cancelled, this, [this] { end_edit(); });
  connect(editor_, &TurnEditor::submitted, this, [this](const QString& text) {
    end_edit();
    emit edited(turn_.id, text);
  });
}

void TurnView::end_edit() {
  std::exchange(editor_, nullptr)->deleteLater();
  body_->show();
  refresh_actions();
  edit_->setFocus();
}

void TurnView::show_tokens(bool shown) {
  if (!shown) {
    if (token_view_ != nullptr) std::exchange(token_view_, nullptr)->deleteLater();
    body_->show();
    refresh_ending();
    return;
  }
  if (turn_.tokens.isEmpty()) {
    ending_->setText(say(Text::no_tokens));
    ending_->show();
    return;
  }
  token_view_ = new TokenView(turn_.tokens, overlay_);
  static_cast<QVBoxLayout*>(layout())->insertWidget(layout()->indexOf(body_), token_view_);
  body_->hide();
  token_view_->text().setFocus();
}

void TurnView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

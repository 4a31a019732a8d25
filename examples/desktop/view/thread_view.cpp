#include "thread_view.hpp"

#include "../prose/colours.hpp"

#include <QAccessible>
#include <QElapsedTimer>
#include <QScrollBar>
#include <algorithm>

namespace desktop {
namespace {

constexpr int kNear = 60;         // pixels from the end that count as the end
constexpr int kColumn = 760;      // pixels, as wide as a line is read well
constexpr qint64 kSlice = 5;      // milliseconds
constexpr int kScreensAhead = 1;  // so far above what is seen turns are there

}  // namespace

ThreadView::ThreadView(Chats& chats, QWidget* parent)
    : QWidget(parent),
      chats_(chats),
      scroller_(new QScrollArea(this)),
      page_(new QWidget),
      column_(new QVBoxLayout),
      welcome_(new QWidget(page_)),
      welcome_title_(new QLabel(welcome_)),
      welcome_hint_(new QLabel(welcome_)),
      welcome_button_(new QPushButton(welcome_)),
      to_end_(new IconButton(Icon::down, Text::newest, this)) {
  scroller_->setObjectName("thread");
  scroller_->setFrameShape(QFrame::NoFrame);
  scroller_->setWidgetResizable(true);
  scroller_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  scroller_->setFocusPolicy(Qt::StrongFocus);
  page_->setObjectName("page");
  auto* const row = new QHBoxLayout(page_);
  row->setContentsMargins(20, 20, 20, 12);
  auto* const middle = new QWidget(page_);
  middle->setMaximumWidth(kColumn);
  middle->setLayout(column_);
  column_->setContentsMargins(0, 0, 0, 0);
  column_->setSpacing(16);
  column_->addWidget(welcome_, 1);
  column_->addStretch();
  row->addStretch(1);
  row->addWidget(middle, 100);
  row->addStretch(1);
  scroller_->setWidget(page_);

  welcome_title_->setProperty("kind", "welcome");
  welcome_title_->setAlignment(Qt::AlignCenter);
  welcome_hint_->setProperty("kind", "hint");
  welcome_hint_->setAlignment(Qt::AlignCenter);
  welcome_hint_->setWordWrap(true);
  welcome_button_->setProperty("kind", "primary");
  welcome_button_->setObjectName("welcome_button");
  auto* const centre = new QVBoxLayout(welcome_);
  centre->addStretch(1);
  centre->addWidget(welcome_title_);
  centre->addWidget(welcome_hint_);
  centre->addSpacing(8);
  centre->addWidget(welcome_button_, 0, Qt::AlignCenter);
  centre->addStretch(1);
  connect(welcome_button_, &QPushButton::clicked, this, &ThreadView::choose_model);

  to_end_->setProperty("kind", "float");
  to_end_->hide();
  connect(to_end_, &QToolButton::clicked, this, &ThreadView::to_end);

  auto* const layout = new QVBoxLayout(this);
  layout->setContentsMargins(0, 0, 0, 0);
  layout->addWidget(scroller_);

  timer_.setSingleShot(true);
  timer_.callOnTimeout(this, &ThreadView::add_earlier);
  const QScrollBar* const bar = scroller_->verticalScrollBar();
  connect(bar, &QScrollBar::rangeChanged, this, &ThreadView::follow);
  connect(bar, &QScrollBar::valueChanged, this, [this, bar](int value) {
    from_end_ = bar->maximum() - value;
    follows_ = from_end_ < kNear;
    to_end_->setVisible(!follows_);
    if (!earlier_.isEmpty()) timer_.start(0);
  });
  connect(&chats, &Chats::current_changed, this, [this] {
    clear();
    show_path();
  });
  connect(&chats, &Chats::path_changed, this, &ThreadView::show_path);
  connect(&chats, &Chats::running_changed, this, &ThreadView::set_busy);
  connect(&chats, &Chats::turn_changed, this, [this](const QString& id) {
    const auto at = std::find_if(turns_.rbegin(), turns_.rend(),
                                 [&](const TurnView* turn) { return turn->id() == id; });
    if (at != turns_.rend()) (*at)->set_turn(*find_turn(chats_.current(), id));
  });
  show_path();
}

// What is read stays where it is, whether turns come above it or an answer grows below.
void ThreadView::follow() {
  QScrollBar* const bar = scroller_->verticalScrollBar();
  const int wanted = follows_ ? bar->maximum() : bar->maximum() - from_end_;
  if (bar->value() != wanted) bar->setValue(wanted);
}

void ThreadView::to_end() {
  follows_ = true;
  follow();
}

void ThreadView::clear() {
  timer_.stop();
  earlier_.clear();
  for (TurnView* const turn : turns_) {
    turn->hide();
    turn->deleteLater();
  }
  turns_.clear();
  follows_ = true;
}

TurnView* ThreadView::make_turn(const Turn& turn) {
  auto* const view = new TurnView(turn, children_of(chats_.current(), turn.parent), this);
  view->set_busy(chats_.is_running());
  connect(view, &TurnView::edited, &chats_, &Chats::edit);
  connect(view, &TurnView::regenerated, &chats_, &Chats::regenerate);
  connect(view, &TurnView::branch_selected, &chats_, &Chats::select_branch);
  return view;
}

// What is on show and still on the path stays; the rest is made anew.
void ThreadView::show_path() {
  const QList<Turn> path = path_to(chats_.current(), chats_.current().leaf);
  const qsizetype hidden = earlier_.size();
  qsizetype same = 0;
  while (same < turns_.size() && hidden + same < path.size() &&
         turns_[same]->id() == path[hidden + same].id) {
    turns_[same]->set_branches(children_of(chats_.current(), path[hidden + same].parent));
    ++same;
  }
  if (same == 0) clear();
  while (turns_.size() > same) {
    turns_.last()->hide();
    turns_.takeLast()->deleteLater();
  }
  if (same == 0) {
    earlier_ = path;
    add_earlier();
  } else {
    for (qsizetype at = hidden + same; at < path.size(); ++at) {
      turns_ += make_turn(path[at]);
      column_->insertWidget(column_->count() - 1, turns_.last());
    }
    to_end();
  }
  refresh();
}

// One at least; then as many as are wanted above the place that is read, in slices.
void ThreadView::add_earlier() {
  QElapsedTimer since;
  since.start();
  const QScrollBar* const bar = scroller_->verticalScrollBar();
  const int wanted = kScreensAhead * scroller_->viewport()->height();
  while (!earlier_.isEmpty() && (turns_.isEmpty() || bar->value() < wanted)) {
    turns_.prepend(make_turn(earlier_.takeLast()));
    column_->insertWidget(1, turns_.first());
    if (since.elapsed() >= kSlice || turns_.size() > 1) break;
  }
  if (!earlier_.isEmpty() && bar->value() < wanted) timer_.start(1);
}

void ThreadView::set_busy() {
  for (TurnView* const turn : turns_) turn->set_busy(chats_.is_running());
  refresh();
}

void ThreadView::refresh() {
  welcome_->setVisible(turns_.isEmpty());
  welcome_title_->setText(say(Text::welcome));
  welcome_hint_->setText(say(chats_.has_model() ? Text::welcome_hint : Text::welcome_no_model));
  welcome_button_->setText(say(Text::choose_model));
  welcome_button_->setVisible(!chats_.has_model());
  scroller_->setAccessibleName(say(Text::conversations));
  // Screen readers say it.
  const QString state =
      turns_.isEmpty() ? QString() : say(chats_.is_running() ? Text::answering : Text::answered);
  if (state == scroller_->accessibleDescription()) return;
  scroller_->setAccessibleDescription(state);
  QAccessibleEvent event(scroller_, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&event);
}

void ThreadView::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  to_end_->move((width() - to_end_->sizeHint().width()) / 2,
                height() - to_end_->sizeHint().height() - 10);
  to_end_->raise();
  if (!earlier_.isEmpty()) timer_.start(0);
}

void ThreadView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  if (event->type() == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

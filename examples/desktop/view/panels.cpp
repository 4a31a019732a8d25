#include "panels.hpp"

#include <QEvent>
#include <algorithm>

namespace desktop {
namespace {

constexpr int kNarrow = 900;  // pixels
constexpr int kLeft = 264;
constexpr int kRight = 312;

}  // namespace

Panels::Panels(QWidget* left, QWidget* middle, QWidget* right, QWidget* parent)
    : QWidget(parent), left_(left), middle_(middle), right_(right), scrim_(new QWidget(this)) {
  for (QWidget* const each : {left, middle, right}) each->setParent(this);
  scrim_->setObjectName("scrim");
  scrim_->setAttribute(Qt::WA_StyledBackground);
  scrim_->installEventFilter(this);
  setMinimumSize(360, 360);
}

bool Panels::is_covered() const { return narrow_ && (left_open_ || right_open_); }

void Panels::toggle(QWidget* panel) {
  bool& opened = panel == left_ ? left_open_ : right_open_;
  bool& other = panel == left_ ? right_open_ : left_open_;
  opened = !opened;
  if (narrow_ && opened) other = false;
  arrange();
  if (opened) panel->nextInFocusChain()->setFocus();
}

void Panels::close_covering() {
  if (!is_covered()) return;
  left_open_ = right_open_ = false;
  arrange();
}

void Panels::resizeEvent(QResizeEvent* event) {
  QWidget::resizeEvent(event);
  const bool narrow = width() < kNarrow;
  if (narrow != narrow_) {
    narrow_ = narrow;
    left_open_ = !narrow;
    right_open_ = right_open_ && !narrow;
  }
  arrange();
}

void Panels::arrange() {
  const int left = std::min(kLeft, width() - 48);
  const int right = std::min(kRight, width() - 48);
  const int from = !narrow_ && left_open_ ? left : 0;
  const int to = !narrow_ && right_open_ ? width() - right : width();
  left_->setVisible(left_open_);
  right_->setVisible(right_open_);
  left_->setGeometry(0, 0, left, height());
  right_->setGeometry(width() - right, 0, right, height());
  middle_->setGeometry(from, 0, to - from, height());
  scrim_->setGeometry(rect());
  scrim_->setVisible(is_covered());
  scrim_->raise();
  left_->raise();
  right_->raise();
  emit arranged();
}

bool Panels::eventFilter(QObject* watched, QEvent* event) {
  if (watched == scrim_ && event->type() == QEvent::MouseButtonPress) {
    close_covering();
    return true;
  }
  return QWidget::eventFilter(watched, event);
}

}  // namespace desktop

#include "notice_bar.hpp"

#include <QAccessible>
#include <QHBoxLayout>
#include <algorithm>

namespace desktop {
namespace {

constexpr int kShownFor = 10'000;  // milliseconds
constexpr int kWidest = 560;
constexpr int kAboveFoot = 104;  // pixels: the composer is there

}  // namespace

NoticeBar::NoticeBar(QWidget* parent)
    : QFrame(parent),
      label_(new QLabel(this)),
      close_(new IconButton(Icon::close, Text::close, this)) {
  setObjectName("notice");
  label_->setTextFormat(Qt::PlainText);
  label_->setWordWrap(true);
  label_->setObjectName("notice_text");
  close_->set_kind("inverse", &Colours::ground);
  auto* const row = new QHBoxLayout(this);
  row->setContentsMargins(14, 6, 6, 6);
  row->addWidget(label_, 1);
  row->addWidget(close_, 0, Qt::AlignTop);
  timer_.setSingleShot(true);
  timer_.callOnTimeout(this, &QWidget::hide);
  connect(close_, &QToolButton::clicked, this, &QWidget::hide);
  hide();
}

void NoticeBar::tell(const QString& message) {
  label_->setText(message);
  setAccessibleName(message);
  show();
  arrange();
  timer_.start(kShownFor);
  QAccessibleEvent event(this, QAccessible::Alert);
  QAccessible::updateAccessibility(&event);
}

void NoticeBar::arrange() {
  const QWidget* const parent = parentWidget();
  const int room = std::min(kWidest, parent->width() - 24);
  const int text = label_->fontMetrics().horizontalAdvance(label_->text()) + 80;
  const int width = std::min(room, std::max(text, 200));
  const int height =
      layout()->hasHeightForWidth() ? layout()->heightForWidth(width) : sizeHint().height();
  setGeometry((parent->width() - width) / 2, parent->height() - height - kAboveFoot, width, height);
  raise();
}

}  // namespace desktop

#include "token_view.hpp"

#include "../prose/colours.hpp"
#include "../prose/fonts.hpp"
#include "../text/texts.hpp"

#include <QAccessible>
#include <QElapsedTimer>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QVBoxLayout>
#include <QWheelEvent>
#include <algorithm>
#include <cmath>

namespace desktop {
namespace {

constexpr double kDeepest = 6;  // nats of surprise: the deepest colour
constexpr int kCardWidth = 300;
constexpr int kRowHeight = 22;
constexpr int kCardMargin = 12;
constexpr qint64 kSlice = 4;  // milliseconds

// One token's text so that all of it is seen; half a character as its bytes.
QString visible(const ScoredText& scored) {
  QString text;
  if (!scored.bytes.isEmpty()) {
    for (const char byte : scored.bytes) {
      text += QString("<%1>").arg(static_cast<unsigned char>(byte), 2, 16, QChar('0')).toUpper();
    }
    return text;
  }
  if (scored.text.isEmpty()) return QString::fromUtf8("∅");
  for (const QChar each : scored.text) {
    text += each == '\n'   ? QChar(0x21b5)
            : each == '\t' ? QChar(0x21e5)
            : each == ' '  ? QChar(0xb7)
                           : each;
  }
  return text;
}

// In the running text: a line ends where one ended.
QString running_text(const ScoredText& scored) {
  if (!scored.bytes.isEmpty()) return visible(scored);
  if (scored.text.isEmpty()) return QString::fromUtf8("·");
  QString text = scored.text;
  text.replace('\n', QString(QChar(0x21b5)) + QChar(QChar::LineSeparator));
  text.replace(QChar::ParagraphSeparator, ' ').replace(QChar::ObjectReplacementCharacter, ' ');
  return text;
}

bool same_text(const ScoredText& a, const ScoredText& b) {
  return a.text == b.text && a.bytes == b.bytes;
}

double perplexity(const QList<Token>& tokens) {
  double sum = 0;
  for (const Token& token : tokens) sum += token.logprob;
  return tokens.isEmpty() ? 1 : std::exp(-sum / static_cast<double>(tokens.size()));
}

QColor tint(const Token& token) {
  QColor colour = colours().surprise;
  colour.setAlphaF(static_cast<float>(std::min(1.0, -token.logprob / kDeepest)));
  return colour;
}

}  // namespace

TokenCard::TokenCard(QWidget* parent) : QFrame(parent) {
  setObjectName("token_card");
  setAttribute(Qt::WA_TransparentForMouseEvents);
  hide();
}

void TokenCard::show_token(const Token& token, int at, int of) {
  head_ = say(Text::token_number, write(at + 1), write(of));
  rows_.clear();
  bool among = false;
  for (const ScoredText& each : token.alternatives) {
    const bool chosen = !among && same_text(each, token);
    among = among || chosen;
    rows_.append({visible(each), std::exp(each.logprob), chosen});
  }
  note_ = among || rows_.isEmpty() ? QString() : say(Text::not_among);
  if (!among) rows_.append({visible(token), std::exp(token.logprob), true});
  QStringList spoken{head_};
  for (const Row& row : rows_) {
    spoken += row.text + " " + write_percent(row.probability) +
              (row.chosen ? ", " + say(Text::chosen) : QString());
  }
  description_ = spoken.join("; ");
  setAccessibleName(description_);
  resize(kCardWidth, 2 * kCardMargin + kRowHeight * static_cast<int>(rows_.size() + 1));
  update();
}

void TokenCard::paintEvent(QPaintEvent* /*event*/) {
  QPainter painter(this);
  painter.setRenderHint(QPainter::Antialiasing);
  QPainterPath outline;
  outline.addRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 9, 9);
  painter.fillPath(outline, colours().raised);
  painter.strokePath(outline, QPen(colours().line_strong, 1));
  QRect row(kCardMargin, kCardMargin, width() - 2 * kCardMargin, kRowHeight);
  QFont small = scaled(font(), 0.92);
  painter.setFont(small);
  painter.setPen(colours().quiet);
  painter.drawText(row, Qt::AlignLeft | Qt::AlignTop, head_);
  painter.drawText(row, Qt::AlignRight | Qt::AlignTop, note_);
  for (const Row& each : rows_) {
    row.translate(0, kRowHeight);
    QFont mono = code_font(small);
    mono.setBold(each.chosen);
    painter.setFont(mono);
    painter.setPen(colours().ink);
    const QRect text_area(row.left(), row.top(), 110, kRowHeight);
    painter.drawText(text_area, Qt::AlignLeft | Qt::AlignVCenter,
                     QFontMetrics(mono).elidedText(each.text, Qt::ElideRight, text_area.width()));
    small.setBold(each.chosen);
    painter.setFont(small);
    painter.drawText(row, Qt::AlignRight | Qt::AlignVCenter, write_percent(each.probability));
    const QRectF bar(row.left() + 120, row.center().y() - 3, row.width() - 120 - 70, 6);
    QPainterPath ground;
    ground.addRoundedRect(bar, 3, 3);
    painter.fillPath(ground, colours().bubble);
    QPainterPath filled;
    filled.addRoundedRect(
        QRectF(bar.left(), bar.top(), std::max(2.0, bar.width() * each.probability), 6), 3, 3);
    painter.fillPath(filled, each.chosen ? colours().accent : colours().line_strong);
  }
}

TokenText::TokenText(QWidget* parent) : QTextEdit(parent) {
  setObjectName("token_text");
  setFrameShape(QFrame::NoFrame);
  setReadOnly(true);
  setUndoRedoEnabled(false);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  setTextInteractionFlags(Qt::NoTextInteraction);
  setFocusPolicy(Qt::StrongFocus);
  document()->setDocumentMargin(0);
  viewport()->setAutoFillBackground(false);
  viewport()->setMouseTracking(true);
  viewport()->setCursor(Qt::ArrowCursor);
  timer_.setSingleShot(true);
  timer_.callOnTimeout(this, [this] { show_slice(); });
}

void TokenText::set_tokens(const QList<Token>& tokens) {
  tokens_ = tokens;
  ends_.clear();
  document()->clear();
  QTextBlockFormat format;
  format.setLineHeight(150, QTextBlockFormat::ProportionalHeight);
  QTextCursor(document()).setBlockFormat(format);
  show_slice();
}

void TokenText::show_slice() {
  QElapsedTimer since;
  since.start();
  QTextCursor cursor(document());
  cursor.movePosition(QTextCursor::End);
  cursor.beginEditBlock();
  while (ends_.size() < tokens_.size() && since.elapsed() < kSlice) {
    const Token& token = tokens_[ends_.size()];
    QTextCharFormat format;
    format.setForeground(colours().ink);
    format.setBackground(tint(token));
    cursor.insertText(running_text(token), format);
    ends_ += cursor.position();
  }
  cursor.endEditBlock();
  fit_height();
  if (ends_.size() < tokens_.size()) timer_.start(0);
}

void TokenText::fit_height() {
  const int height = static_cast<int>(std::ceil(document()->size().height()));
  if (height != this->height()) setFixedHeight(std::max(height, 1));
}

void TokenText::resizeEvent(QResizeEvent* event) {
  QTextEdit::resizeEvent(event);
  fit_height();
}

void TokenText::wheelEvent(QWheelEvent* event) { event->ignore(); }

QRect TokenText::place_of(int token) const {
  if (token < 0 || token >= ends_.size()) return {};
  QTextCursor cursor(document());
  cursor.setPosition(token == 0 ? 0 : ends_[token - 1]);
  const QRect from = cursorRect(cursor);
  cursor.setPosition(ends_[token]);
  const QRect to = cursorRect(cursor);
  const int right = to.top() == from.top() ? to.left() : viewport()->width();
  return {from.left(), from.top(), std::max(right - from.left(), 4), from.height()};
}

int TokenText::token_at(const QPoint& point) const {
  const int guess = cursorForPosition(point).position();
  const auto found = std::upper_bound(ends_.begin(), ends_.end(), guess);
  const auto at = static_cast<int>(found - ends_.begin());
  // The cursor's place is the nearest one, in the middle of a character.
  for (const int each : {at, at - 1}) {
    if (each >= 0 && each < ends_.size() && place_of(each).contains(point)) return each;
  }
  return -1;
}

void TokenText::set_current(int token) {
  if (token == current_) return;
  current_ = token;
  viewport()->update();
  emit current_changed();
}

bool TokenText::viewportEvent(QEvent* event) {
  switch (event->type()) {
    case QEvent::MouseMove:
    case QEvent::MouseButtonPress: {
      const int token = token_at(static_cast<QMouseEvent*>(event)->pos());
      if (token >= 0) set_current(token);
      break;
    }
    case QEvent::Leave:
      set_current(-1);
      break;
    default:
      break;
  }
  return QTextEdit::viewportEvent(event);
}

void TokenText::keyPressEvent(QKeyEvent* event) {
  const auto last = static_cast<int>(ends_.size()) - 1;
  int next = current_;
  switch (event->key()) {
    case Qt::Key_Right:
      next = current_ + 1;
      break;
    case Qt::Key_Left:
      next = current_ - 1;
      break;
    case Qt::Key_Home:
      next = 0;
      break;
    case Qt::Key_End:
      next = last;
      break;
    case Qt::Key_Escape:
      if (current_ < 0) return event->ignore();
      return set_current(-1);
    default:
      return event->ignore();
  }
  set_current(std::clamp(next, 0, std::max(last, 0)));
}

void TokenText::focusOutEvent(QFocusEvent* event) {
  QTextEdit::focusOutEvent(event);
  set_current(-1);
}

void TokenText::paintEvent(QPaintEvent* event) {
  QTextEdit::paintEvent(event);
  if (current_ < 0) return;
  QPainter painter(viewport());
  painter.setPen(QPen(colours().accent, 1.5));
  painter.drawRect(QRectF(place_of(current_)).adjusted(0.5, 0.5, -0.5, -0.5));
}

TokenView::TokenView(const QList<Token>& tokens, QWidget* overlay)
    : QWidget(nullptr),
      tokens_(tokens),
      legend_(new QLabel(this)),
      text_(new TokenText(this)),
      card_(new TokenCard(overlay)) {
  legend_->setProperty("kind", "hint");
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(0, 0, 0, 0);
  column->addWidget(legend_);
  column->addWidget(text_);
  connect(text_, &TokenText::current_changed, this, [this] { place_card(); });
  refresh();
}

// The card may be gone already, with what it lies over.
TokenView::~TokenView() {
  disconnect(text_, nullptr, this, nullptr);
  delete card_.data();
}

void TokenView::refresh() {
  legend_->setText(say(Text::likely) + QString::fromUtf8("  ▁▂▄▆  ") + say(Text::surprising) +
                   QString::fromUtf8("   ·   ") +
                   say(Text::perplexity, write(perplexity(tokens_), 2)));
  text_->setAccessibleName(say(Text::show_tokens));
  text_->setAccessibleDescription(say(Text::tokens_hint));
  text_->set_tokens(tokens_);
}

// Under the token, or over it where there is no room.
void TokenView::place_card() {
  const int current = text_->current();
  card_->setVisible(current >= 0);
  if (current < 0) return;
  card_->show_token(tokens_[current], current, static_cast<int>(tokens_.size()));
  QWidget* const overlay = card_->parentWidget();
  const QRect token = text_->place_of(current);
  const QPoint below = text_->mapTo(overlay, token.bottomLeft());
  const QPoint above = text_->mapTo(overlay, token.topLeft());
  const int x = std::clamp(below.x() - 12, 4, std::max(4, overlay->width() - card_->width() - 4));
  const bool fits = below.y() + 6 + card_->height() < overlay->height();
  card_->move(x, fits ? below.y() + 6 : above.y() - 6 - card_->height());
  card_->raise();
  text_->setAccessibleDescription(card_->description());
  QAccessibleEvent event(text_, QAccessible::DescriptionChanged);
  QAccessible::updateAccessibility(&event);
}

void TokenView::changeEvent(QEvent* event) {
  QWidget::changeEvent(event);
  const QEvent::Type type = event->type();
  if (type == QEvent::LanguageChange || type == QEvent::PaletteChange) refresh();
}

}  // namespace desktop

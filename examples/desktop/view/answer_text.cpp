#include "answer_text.hpp"

#include "../prose/colours.hpp"
#include "../prose/fonts.hpp"
#include "../prose/markdown_writer.hpp"
#include "../text/texts.hpp"

#include <QAbstractTextDocumentLayout>
#include <QDesktopServices>
#include <QElapsedTimer>
#include <QPainter>
#include <QScrollBar>
#include <QTextBlock>
#include <QWheelEvent>
#include <cmath>

namespace desktop {
namespace {

constexpr qint64 kSlice = 4;  // milliseconds of a slice

ProseStyle style_of(const QWidget& widget) {
  ProseStyle style;
  style.font = widget.font();
  style.code_font = code_font(style.font);
  return style;
}

}  // namespace

AnswerText::AnswerText(QWidget* parent) : QTextBrowser(parent) {
  setObjectName("answer_text");
  setFrameShape(QFrame::NoFrame);
  setOpenLinks(false);
  setUndoRedoEnabled(false);
  setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setVerticalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
  setWordWrapMode(QTextOption::WrapAtWordBoundaryOrAnywhere);
  setTextInteractionFlags(Qt::TextBrowserInteraction | Qt::TextSelectableByKeyboard);
  document()->setDocumentMargin(0);
  viewport()->setAutoFillBackground(false);
  timer_.setSingleShot(true);
  timer_.callOnTimeout(this, [this] { show_slice(); });
  connect(this, &QTextBrowser::anchorClicked, this, [](const QUrl& url) {
    if (!web_address(QString::fromLatin1(url.toEncoded())).isEmpty()) {
      QDesktopServices::openUrl(url);
    }
  });
  // As text: what looks like one would be shown as rich text.
  connect(this, &QTextBrowser::highlighted, this, [this](const QUrl& url) {
    const QString address = QString::fromLatin1(url.toEncoded());
    viewport()->setToolTip(address.isEmpty() ? address : "<p>" + address.toHtmlEscaped() + "</p>");
  });
  connect(document()->documentLayout(), &QAbstractTextDocumentLayout::documentSizeChanged, this,
          [this] { fit_height(); });
}

QVariant AnswerText::loadResource(int /*type*/, const QUrl& /*name*/) { return {}; }

void AnswerText::set_markdown(const QString& text) {
  wanted_ = text.isEmpty() ? QList<MarkdownBlock>() : markdown_blocks(text);
  qsizetype same = 0;
  while (same < shown_.size() && same < wanted_.size() && shown_[same].block == wanted_[same]) {
    ++same;
  }
  QTextCursor edit(document());
  edit.beginEditBlock();  // one layout for what goes and what comes
  drop_from(same);
  show_slice();
  edit.endEditBlock();
  fit_height();
}

void AnswerText::drop_from(qsizetype count) {
  if (count >= shown_.size()) return;
  QTextCursor cursor(document());
  cursor.setPosition(shown_[count].from);
  // Of two blocks that become one an empty first one would take the other's format.
  const QTextBlockFormat kept = cursor.blockFormat();
  cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
  cursor.removeSelectedText();
  cursor.setBlockFormat(kept);
  shown_.resize(count);
}

void AnswerText::show_slice() {
  if (is_complete()) return;
  QElapsedTimer since;
  since.start();
  ensurePolished();  // the font is the style sheet's
  const ProseStyle style = style_of(*this);
  QTextCursor cursor(document());
  cursor.beginEditBlock();
  while (!is_complete() && since.elapsed() < kSlice) {
    const MarkdownBlock& next = wanted_[shown_.size()];
    cursor.movePosition(QTextCursor::End);
    shown_.append({next, cursor.position()});
    write_markdown(cursor, next.source, next.continues, style);
  }
  cursor.endEditBlock();
  if (!is_complete()) timer_.start(0);
}

void AnswerText::show_again() {
  drop_from(0);
  show_slice();
}

void AnswerText::fit_height() {
  const int height = static_cast<int>(std::ceil(document()->size().height()));
  if (height != this->height()) setFixedHeight(std::max(height, 1));
}

void AnswerText::resizeEvent(QResizeEvent* event) {
  QTextBrowser::resizeEvent(event);
  fit_height();
}

// What does not scroll here scrolls the talk.
void AnswerText::wheelEvent(QWheelEvent* event) { event->ignore(); }

void AnswerText::changeEvent(QEvent* event) {
  QTextBrowser::changeEvent(event);
  const QEvent::Type type = event->type();
  if (type == QEvent::PaletteChange || type == QEvent::FontChange ||
      type == QEvent::LanguageChange) {
    show_again();
  }
}

// Bars of quotes and markers of lists, which stand in the margin.
void AnswerText::paintEvent(QPaintEvent* event) {
  QTextBrowser::paintEvent(event);
  QPainter painter(viewport());
  const QRect wanted = event->rect();
  const int scrolled = verticalScrollBar()->value();
  QTextBlock block = cursorForPosition(QPoint(0, wanted.top())).block();
  for (; block.isValid(); block = block.next()) {
    const QRectF area =
        document()->documentLayout()->blockBoundingRect(block).translated(0, -scrolled);
    if (area.top() > wanted.bottom()) return;
    const QTextBlockFormat format = block.blockFormat();
    const double margin = format.leftMargin();
    for (int level = 0; level < format.intProperty(kQuoteLevel); ++level) {
      painter.fillRect(QRectF(4 + 26.0 * level, area.top(), 3, area.height()), colours().line);
    }
    if (format.boolProperty(kRule)) {
      painter.fillRect(QRectF(0, area.center().y(), viewport()->width(), 1), colours().line_strong);
    }
    const QString marker = format.stringProperty(kMarker);
    if (marker.isEmpty() || block.layout()->lineCount() == 0) continue;
    const QTextLine line = block.layout()->lineAt(0);
    painter.setFont(font());
    painter.setPen(colours().quiet);
    const QFontMetricsF metrics(font());
    const double baseline = area.top() + line.y() + line.ascent();
    painter.drawText(QPointF(margin - 8 - metrics.horizontalAdvance(marker), baseline), marker);
  }
}

}  // namespace desktop

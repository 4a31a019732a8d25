#include "markdown_writer.hpp"

#include "../text/texts.hpp"
#include "colours.hpp"
#include "fonts.hpp"

#include <QTextDocument>
#include <QTextFrame>
#include <QTextTable>
#include <QUrl>
#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include <md4c.h>

namespace desktop {
namespace {

constexpr int kIndent = 26;     // pixels, of a list's or quote's level
constexpr int kDeepest = 8;     // levels that are shown as such
constexpr double kSpacing = 9;  // pixels between paragraphs
constexpr double kCodePadding = 8;
constexpr double kItemGap = 3;    // between items of a tight list
constexpr double kLeading = 128;  // per cent
constexpr unsigned kMostColumns = 24;
constexpr unsigned kMostCells = 600;

QString text_of(const MD_CHAR* text, MD_SIZE size) {
  return QString::fromUtf8(text, static_cast<qsizetype>(size));
}

// Numbers, and what models write; another name stays as it was written.
QString entity(const QString& written) {
  struct Named {
    const char* name;
    char16_t meaning;
  };
  static constexpr std::array<Named, 7> kNamed{{{"&amp;", '&'},
                                                {"&lt;", '<'},
                                                {"&gt;", '>'},
                                                {"&quot;", '"'},
                                                {"&apos;", '\''},
                                                {"&nbsp;", 0xa0},
                                                {"&mdash;", 0x2014}}};
  for (const Named& each : kNamed) {
    if (written == QLatin1String(each.name)) return QChar(each.meaning);
  }
  if (!written.startsWith("&#")) return written;
  const QString digits = written.mid(2).chopped(1);
  const bool is_hex = digits.startsWith('x', Qt::CaseInsensitive);
  bool is_number = false;
  const char32_t point = (is_hex ? digits.mid(1) : digits).toUInt(&is_number, is_hex ? 16 : 10);
  const bool is_character =
      is_number && point >= 0x20 && point < 0x110000 && (point < 0xd800 || point > 0xdfff);
  return is_character ? QString::fromUcs4(&point, 1) : QString(QChar::ReplacementCharacter);
}

QString attribute_text(const MD_ATTRIBUTE& attribute) {
  QString text;
  for (std::size_t i = 0; attribute.size > 0 && attribute.substr_offsets[i] < attribute.size; ++i) {
    const MD_OFFSET from = attribute.substr_offsets[i];
    const QString part = text_of(attribute.text + from, attribute.substr_offsets[i + 1] - from);
    text += attribute.substr_types[i] == MD_TEXT_ENTITY ? entity(part) : part;
  }
  return text;
}

class Writer {
 public:
  Writer(QTextCursor& cursor, bool continues_code, const ProseStyle& style)
      : cursor_(cursor), continues_code_(continues_code), style_(style) {
    QTextCharFormat plain;
    plain.setFont(style.font);
    plain.setForeground(colours().ink);
    formats_.push_back(plain);
  }

  void enter(MD_BLOCKTYPE type, const void* detail);
  void leave(MD_BLOCKTYPE type);
  void enter(MD_SPANTYPE type, const void* detail);
  void leave(MD_SPANTYPE type);
  void text(MD_TEXTTYPE type, const QString& text);

 private:
  struct List {
    bool ordered = false;
    bool tight = false;
    unsigned next = 1;
  };

  void begin_block(QTextBlockFormat format);
  void begin_paragraph();
  void begin_heading(unsigned level);
  void begin_code();
  void begin_table(const MD_BLOCK_TABLE_DETAIL& detail);
  void begin_cell(const MD_BLOCK_TD_DETAIL& detail, bool is_head);
  void begin_item(const MD_BLOCK_LI_DETAIL& detail);
  void end_lists();
  void leave_frame();
  void write_rule();
  void insert(const QString& text);
  double left_margin() const;

  QTextCursor& cursor_;
  bool continues_code_;
  const ProseStyle& style_;
  std::vector<QTextCharFormat> formats_;
  std::vector<List> lists_;
  QString marker_;  // of the item whose first block has not begun
  int quotes_ = 0;
  int images_ = 0;  // within how many
  QString image_text_;
  bool block_is_open_ = false;
  bool in_code_ = false;  // a block of it
  QString code_;
  QTextTable* table_ = nullptr;
  int row_ = -1;
  int column_ = -1;
  bool separator_ = false;  // before the next text, in place of a cell's border
};

double Writer::left_margin() const {
  const auto levels = static_cast<int>(lists_.size()) + quotes_;
  return kIndent * std::min(levels, kDeepest);
}

// A block that is there and empty, behind a frame or at the document's beginning, is taken.
void Writer::begin_block(QTextBlockFormat format) {
  format.setLeftMargin(left_margin());
  format.setLineHeight(kLeading, QTextBlockFormat::ProportionalHeight);
  if (!marker_.isEmpty()) format.setProperty(kMarker, marker_);
  marker_.clear();
  if (quotes_ > 0) format.setProperty(kQuoteLevel, std::min(quotes_, kDeepest));
  if (cursor_.document()->isEmpty()) {
    cursor_.setBlockFormat(format);
    cursor_.setBlockCharFormat(formats_.back());
  } else {
    cursor_.insertBlock(format, formats_.back());
  }
  block_is_open_ = true;
}

void Writer::begin_paragraph() {
  QTextBlockFormat format;
  const bool is_tight = !lists_.empty() && lists_.back().tight;
  format.setBottomMargin(is_tight ? kItemGap : kSpacing);
  begin_block(format);
}

void Writer::begin_heading(unsigned level) {
  static constexpr std::array<double, 6> kSizes{1.4, 1.25, 1.12, 1.05, 1.0, 1.0};
  QTextCharFormat format = formats_.back();
  QFont font = scaled(style_.font, kSizes[std::min<std::size_t>(level, 6) - 1]);
  font.setWeight(QFont::DemiBold);
  format.setFont(font);
  formats_.push_back(format);
  QTextBlockFormat block;
  block.setHeadingLevel(static_cast<int>(level));
  block.setTopMargin(cursor_.document()->isEmpty() ? 0 : kSpacing);
  block.setBottomMargin(kSpacing * 0.7);
  begin_block(block);
}

// Code and tables are frames, which Qt puts between two blocks: these take no room.
void set_stub(QTextCursor& cursor) {
  QTextBlockFormat stub;
  stub.setLineHeight(1, QTextBlockFormat::FixedHeight);
  QTextCharFormat small;
  small.setFontPointSize(1);
  cursor.setBlockFormat(stub);
  cursor.setBlockCharFormat(small);
}

void Writer::begin_code() {
  begin_block({});
  set_stub(cursor_);
  QTextFrameFormat format;
  format.setBackground(colours().bubble);
  format.setPadding(continues_code_ ? 0 : kCodePadding);
  format.setBorder(0);
  format.setLeftMargin(left_margin());
  format.setBottomMargin(kSpacing);
  cursor_.insertFrame(format);
  code_.clear();
  in_code_ = true;
}

// What is larger becomes lines of text: a few letters can ask for thousands of cells.
void Writer::begin_table(const MD_BLOCK_TABLE_DETAIL& detail) {
  const unsigned rows = detail.head_row_count + detail.body_row_count;
  row_ = -1;
  if (detail.col_count > kMostColumns || detail.col_count * rows > kMostCells) return;
  begin_block({});
  set_stub(cursor_);
  QTextTableFormat format;
  format.setCellPadding(6);
  format.setCellSpacing(0);
  format.setBorderCollapse(true);
  format.setBorder(1);
  format.setBorderStyle(QTextFrameFormat::BorderStyle_Solid);
  format.setBorderBrush(colours().line);
  format.setLeftMargin(left_margin());
  format.setBottomMargin(kSpacing);
  table_ = cursor_.insertTable(static_cast<int>(rows), static_cast<int>(detail.col_count), format);
}

void Writer::begin_cell(const MD_BLOCK_TD_DETAIL& detail, bool is_head) {
  ++column_;
  QTextCharFormat format = formats_.front();
  if (is_head) format.setFontWeight(QFont::DemiBold);
  formats_.push_back(format);
  if (table_ == nullptr) {
    block_is_open_ = block_is_open_ && column_ > 0;
    separator_ = column_ > 0;
    return;
  }
  cursor_ = table_->cellAt(row_, column_).firstCursorPosition();
  QTextBlockFormat block;
  if (detail.align == MD_ALIGN_RIGHT) block.setAlignment(Qt::AlignRight | Qt::AlignAbsolute);
  if (detail.align == MD_ALIGN_CENTER) block.setAlignment(Qt::AlignHCenter);
  cursor_.setBlockFormat(block);
  cursor_.setBlockCharFormat(format);
  block_is_open_ = true;
}

void Writer::begin_item(const MD_BLOCK_LI_DETAIL& detail) {
  List& list = lists_.back();
  if (detail.is_task != 0) {
    marker_ = QChar(detail.task_mark == ' ' ? 0x2610 : 0x2611);
  } else if (list.ordered) {
    marker_ = QString::number(list.next++) + ".";
  } else {
    marker_ = QChar(lists_.size() % 2 == 1 ? 0x2022 : 0x25e6);
  }
  block_is_open_ = false;
}

void Writer::end_lists() {
  QTextBlockFormat format = cursor_.blockFormat();
  if (format.bottomMargin() == 0) return;  // a frame's end
  format.setBottomMargin(kSpacing);
  cursor_.setBlockFormat(format);
}

void Writer::leave_frame() {
  cursor_.movePosition(QTextCursor::End);
  set_stub(cursor_);
  block_is_open_ = false;
}

void Writer::write_rule() {
  QTextBlockFormat format;
  format.setProperty(kRule, true);
  format.setBottomMargin(kSpacing);
  begin_block(format);
  block_is_open_ = false;
}

void Writer::enter(MD_BLOCKTYPE type, const void* detail) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      ++quotes_;
      break;
    case MD_BLOCK_UL:
      lists_.push_back({false, static_cast<const MD_BLOCK_UL_DETAIL*>(detail)->is_tight != 0});
      break;
    case MD_BLOCK_OL: {
      const auto* const list = static_cast<const MD_BLOCK_OL_DETAIL*>(detail);
      lists_.push_back({true, list->is_tight != 0, list->start});
      break;
    }
    case MD_BLOCK_LI:
      begin_item(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail));
      break;
    case MD_BLOCK_HR:
      write_rule();
      break;
    case MD_BLOCK_H:
      begin_heading(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level);
      break;
    case MD_BLOCK_CODE:
      begin_code();
      break;
    case MD_BLOCK_P:
      begin_paragraph();
      break;
    case MD_BLOCK_TABLE:
      begin_table(*static_cast<const MD_BLOCK_TABLE_DETAIL*>(detail));
      break;
    case MD_BLOCK_TR:
      ++row_;
      column_ = -1;
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      begin_cell(*static_cast<const MD_BLOCK_TD_DETAIL*>(detail), type == MD_BLOCK_TH);
      break;
    default:
      break;
  }
}

void Writer::leave(MD_BLOCKTYPE type) {
  switch (type) {
    case MD_BLOCK_QUOTE:
      --quotes_;
      break;
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
      lists_.pop_back();
      if (lists_.empty()) end_lists();
      break;
    case MD_BLOCK_H:
      formats_.pop_back();
      break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
      formats_.pop_back();
      return;
    case MD_BLOCK_CODE: {
      in_code_ = false;
      if (code_.endsWith('\n')) code_.chop(1);
      QTextCharFormat format = formats_.front();
      format.setFont(style_.code_font);
      QTextBlockFormat block;
      block.setLeftMargin(12);
      block.setRightMargin(12);
      block.setLineHeight(kLeading, QTextBlockFormat::ProportionalHeight);
      cursor_.setBlockFormat(block);
      cursor_.setBlockCharFormat(format);
      cursor_.insertText(code_, format);
      leave_frame();
      break;
    }
    case MD_BLOCK_TABLE:
      table_ = nullptr;
      leave_frame();
      break;
    default:
      break;
  }
  block_is_open_ = false;
}

void Writer::enter(MD_SPANTYPE type, const void* detail) {
  QTextCharFormat format = formats_.back();
  switch (type) {
    case MD_SPAN_EM:
      format.setFontItalic(true);
      break;
    case MD_SPAN_STRONG:
      format.setFontWeight(QFont::Bold);
      break;
    case MD_SPAN_DEL:
      format.setFontStrikeOut(true);
      break;
    case MD_SPAN_CODE:
    case MD_SPAN_LATEXMATH:
    case MD_SPAN_LATEXMATH_DISPLAY:
      format.setFont(style_.code_font, QTextCharFormat::FontPropertiesSpecifiedOnly);
      format.setBackground(colours().bubble);
      break;
    case MD_SPAN_A: {
      const QString address =
          web_address(attribute_text(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href));
      if (address.isEmpty()) break;
      format.setAnchor(true);
      format.setAnchorHref(address);
      format.setForeground(colours().accent);
      format.setFontUnderline(true);
      break;
    }
    case MD_SPAN_IMG:
      if (images_++ == 0) image_text_.clear();
      break;
    default:
      break;
  }
  formats_.push_back(format);
}

void Writer::leave(MD_SPANTYPE type) {
  formats_.pop_back();
  if (type != MD_SPAN_IMG || --images_ > 0) return;
  const QString name = image_text_.trimmed();
  insert("[" + (name.isEmpty() ? say(Text::image_unnamed) : say(Text::image, name)) + "]");
}

void Writer::insert(const QString& text) {
  if (images_ > 0) {
    image_text_ += text;
    return;
  }
  if (!block_is_open_) begin_paragraph();
  if (std::exchange(separator_, false)) cursor_.insertText(" | ", formats_.front());
  // What would begin a block, or stand for an object, within one.
  QString safe = text;
  safe.replace(QChar::ParagraphSeparator, ' ').replace(QChar::ObjectReplacementCharacter, ' ');
  cursor_.insertText(safe, formats_.back());
}

void Writer::text(MD_TEXTTYPE type, const QString& text) {
  // Lines of a block of code come in pieces.
  if (in_code_) {
    code_ += type == MD_TEXT_NULLCHAR ? QString(QChar::ReplacementCharacter) : text;
    return;
  }
  switch (type) {
    case MD_TEXT_NULLCHAR:
      return insert(QChar(QChar::ReplacementCharacter));
    case MD_TEXT_BR:
    case MD_TEXT_SOFTBR:  // a single new line is one: models write verse and addresses so
      return insert(QChar(QChar::LineSeparator));
    case MD_TEXT_ENTITY:
      return insert(entity(text));
    default:
      return insert(text);
  }
}

MD_PARSER parser() {
  MD_PARSER made{};
  made.flags = MD_FLAG_PERMISSIVEURLAUTOLINKS | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
               MD_FLAG_TASKLISTS | MD_FLAG_LATEXMATHSPANS | MD_FLAG_NOHTML;
  made.enter_block = [](MD_BLOCKTYPE type, void* detail, void* writer) {
    static_cast<Writer*>(writer)->enter(type, detail);
    return 0;
  };
  made.leave_block = [](MD_BLOCKTYPE type, void*, void* writer) {
    static_cast<Writer*>(writer)->leave(type);
    return 0;
  };
  made.enter_span = [](MD_SPANTYPE type, void* detail, void* writer) {
    static_cast<Writer*>(writer)->enter(type, detail);
    return 0;
  };
  made.leave_span = [](MD_SPANTYPE type, void*, void* writer) {
    static_cast<Writer*>(writer)->leave(type);
    return 0;
  };
  made.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* writer) {
    static_cast<Writer*>(writer)->text(type, text_of(text, size));
    return 0;
  };
  return made;
}

}  // namespace

void write_markdown(QTextCursor& cursor, const QString& source, bool continues_code,
                    const ProseStyle& style) {
  cursor.movePosition(QTextCursor::End);
  const QByteArray utf8 = source.toUtf8();
  const MD_PARSER functions = parser();
  Writer writer(cursor, continues_code, style);
  md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &functions, &writer);
  cursor.movePosition(QTextCursor::End);
}

QString web_address(const QString& href) {
  const QUrl url(href, QUrl::StrictMode);
  const bool is_web = url.scheme() == "http" || url.scheme() == "https";
  if (!is_web || url.host().isEmpty()) return {};
  return QString::fromLatin1(url.toEncoded());
}

}  // namespace desktop

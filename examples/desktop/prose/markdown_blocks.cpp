#include "markdown_blocks.hpp"

#include <QRegularExpression>
#include <QStringList>

namespace desktop {
namespace {

constexpr qsizetype kLongest = 1500;  // characters of a part; some milliseconds to lay out

qsizetype indentation(const QString& line) {
  qsizetype at = 0;
  while (at < line.size() && line[at] == ' ') ++at;
  return at < line.size() && line[at] == '\t' ? 4 : at;
}

bool is_list_item(const QString& line) {
  static const QRegularExpression kItem("^ {0,3}([-*+]|\\d{1,9}[.)])(\\s|$)");
  return kItem.match(line).hasMatch();
}

bool is_definition(const QString& line) {
  static const QRegularExpression kDefinition("^ {0,3}\\[[^\\]]+\\]:\\s*\\S");
  return kDefinition.match(line).hasMatch();
}

class Cutter {
 public:
  QList<MarkdownBlock> cut(const QString& text) {
    for (const QString& whole : text.split('\n')) {
      // A line without end, too, is cut.
      for (qsizetype at = 0; at == 0 || at < whole.size(); at += kLongest) {
        add(whole.mid(at, kLongest));
      }
    }
    finish();
    if (definitions_.isEmpty()) return blocks_;
    for (MarkdownBlock& block : blocks_) block.source += "\n\n" + definitions_.join('\n');
    return blocks_;
  }

 private:
  void add(const QString& line) {
    const QString fence = fence_of(line);
    if (!fence_.isEmpty()) return add_code(line, fence);
    if (line.trimmed().isEmpty()) {
      pending_empty_ = !lines_.isEmpty();
      if (pending_empty_) lines_ += line;
      return;
    }
    const bool goes_on = in_list_ && (indentation(line) >= 2 || is_list_item(line));
    const bool is_indented_code = !in_list_ && indentation(line) >= 4;
    if (pending_empty_ && !goes_on && !is_indented_code) finish();
    if (size_ > kLongest) finish();
    if (lines_.isEmpty()) in_list_ = is_list_item(line);
    if (is_definition(line)) definitions_ += line;
    push(line);
    if (!fence.isEmpty()) {
      fence_ = fence;
      opening_ = line;
    }
  }

  // Of a line that opens or closes code; else empty.
  static QString fence_of(const QString& line) {
    static const QRegularExpression kFence("^ *(`{3,}|~{3,})([^`]*)$");
    return kFence.match(line).captured(1);
  }

  void add_code(const QString& line, const QString& fence) {
    const bool closes = fence.startsWith(fence_) && line.trimmed() == fence;
    if (!closes && size_ > kLongest) {
      push(QString(indentation(opening_), ' ') + fence_);
      const QString opening = opening_;
      finish();
      continues_ = true;
      push(opening);
    }
    push(line);
    if (closes) fence_.clear();
  }

  void push(const QString& line) {
    lines_ += line;
    size_ += line.size() + 1;
    pending_empty_ = false;
  }

  void finish() {
    if (!lines_.isEmpty()) blocks_.append({lines_.join('\n'), continues_});
    lines_.clear();
    size_ = 0;
    in_list_ = pending_empty_ = continues_ = false;
  }

  QList<MarkdownBlock> blocks_;
  QStringList definitions_;
  QStringList lines_;  // of the block under way
  qsizetype size_ = 0;
  bool in_list_ = false;
  bool pending_empty_ = false;
  bool continues_ = false;
  QString fence_;  // of the code under way; empty: none
  QString opening_;
};

}  // namespace

QList<MarkdownBlock> markdown_blocks(const QString& text) { return Cutter().cut(text); }

}  // namespace desktop

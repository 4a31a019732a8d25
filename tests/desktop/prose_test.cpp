// Markdown as text: what it becomes, and that it becomes the same however it comes.
#include "tests.hpp"

#include <QScrollArea>
#include <QTest>
#include <QTextBlock>
#include <QTextTable>

#include <prose/markdown_blocks.hpp>
#include <prose/markdown_writer.hpp>
#include <view/answer_text.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

// What is seen of a document: its blocks with their markers and spans, its tables and frames.
QString outline(const QTextDocument& document) {
  QString out;
  for (QTextBlock block = document.begin(); block.isValid(); block = block.next()) {
    const QTextBlockFormat format = block.blockFormat();
    QString line;
    for (auto at = block.begin(); !at.atEnd(); ++at) {
      const QTextCharFormat of = at.fragment().charFormat();
      QString text = at.fragment().text().replace(QChar(QChar::LineSeparator), "\\n");
      if (of.isAnchor()) text = "<" + of.anchorHref() + ">" + text + "</>";
      if (of.fontWeight() > QFont::DemiBold) text = "**" + text + "**";
      if (of.fontItalic()) text = "_" + text + "_";
      if (of.fontStrikeOut()) text = "~" + text + "~";
      line += text;
    }
    const QTextCursor cursor(block);
    if (line.isEmpty() && format.lineHeightType() == QTextBlockFormat::FixedHeight) continue;
    QString marks;
    if (cursor.currentTable() != nullptr) marks += "|";
    if (cursor.currentFrame() != document.rootFrame() && marks.isEmpty()) marks += "`";
    if (format.headingLevel() > 0) marks += QString(format.headingLevel(), '#');
    marks += QString(format.intProperty(kQuoteLevel), '>');
    if (!format.stringProperty(kMarker).isEmpty()) {
      marks += QString("[%1 %2]")
                   .arg(qRound(format.leftMargin() / 26))
                   .arg(format.stringProperty(kMarker));
    }
    if (format.boolProperty(kRule)) marks += "---";
    out += marks + line + "\n";
  }
  return out;
}

QString shown(AnswerText& view) {
  while (!view.is_complete()) QTest::qWait(1);
  return outline(*view.document());
}

const char* const kAll =
    "# Head\n\nText *it* **bo** `co` ~~de~~ [li](https://a.b/c?d=e&f)\nnext line  \nhard\n\n"
    "3. three\n4. four\n   - in\n     go on\n\n   para\n\n5. five\n\n```cpp\nint a;\n\n\tb\n```\n"
    "6) six\n\n- [x] done\n- [ ] to do\n\n> quote\n> > inner\n\n| a | b |\n|---|--:|\n| 1 | **2** "
    "|\n\n"
    "---\n\n    indented\n\n&lt;b&gt; &amp; &#1103; <b>html</b> ![alt *x*](x.png)\n\n$x_1$ "
    "https://bare.org/x";

class ProseTest : public QObject {
  Q_OBJECT

 private slots:
  void markdown_becomes_text_data() {
    QTest::addColumn<QString>("markdown");
    QTest::addColumn<QString>("expected");
    const auto row = [](const char* name, const char* markdown, const char* expected) {
      QTest::newRow(name) << QString::fromUtf8(markdown) << QString::fromUtf8(expected);
    };
    row("lines of a poem stay lines", "a\nb", "a\\nb\n");
    row("spans", "*a* **b** ~~c~~", "_a_ **b** ~c~\n");
    row("headings", "# a\n\n### b", "#a\n###b\n");
    row("a list keeps its numbers", "3. a\n4. b", "[1 3.]a\n[1 4.]b\n");
    row("code between items", "1. a\n```\nx\n```\n2. b", "[1 1.]a\n`x\n[1 2.]b\n");
    row("lists in lists", "- a\n  - b\n    - c", "[1 •]a\n[2 ◦]b\n[3 •]c\n");
    row("a paragraph of an item has no marker", "- a\n\n  b", "[1 •]a\nb\n");
    row("tasks", "- [x] a\n- [ ] b", "[1 ☑]a\n[1 ☐]b\n");
    row("quotes", "> a\n> > b", ">a\n>>b\n");
    row("code keeps its spaces", "```\n  a\n\n b\tc\n```", "`  a\n`\n` b\tc\n");
    row("a table", "|a|b|\n|---|---|\n|1|2|", "|a\n|b\n|1\n|2\n");
    row("a rule", "a\n\n---\n\nb", "a\n---\nb\n");
    row("html stays text", "<b>x</b> <!-- y -->", "<b>x</b> <!-- y -->\n");
    row("entities", "&lt;&amp;&#x42f;&#0;&#xd800;&unknown;", "<&Я��&unknown;\n");
    row("an image is named", "![a *b*](file:///x.png)", "[Image, not loaded: a b]\n");
    row("a link to the web", "[a](https://b.c/d)", "<https://b.c/d>a</>\n");
    row("a link by reference", "[a][r]\n\nx\n\n[r]: https://b.c/d", "<https://b.c/d>a</>\nx\n");
    row("other links are text", "[a](file:///etc/passwd) [b](javascript:x)", "a b\n");
    row("formulas are shown as written", "$x_1$ and $$y$$", "x_1 and y\n");
  }
  void markdown_becomes_text() {
    QFETCH(QString, markdown);
    QFETCH(QString, expected);
    AnswerText view;
    view.resize(600, 10);
    view.set_markdown(markdown);
    QCOMPARE(shown(view), expected);
  }

  // Letter by letter, as an answer comes, and at once: the same document.
  void growing_text_ends_as_whole_text() {
    const QString text = QString::fromUtf8(kAll);
    AnswerText whole;
    whole.resize(600, 10);
    whole.set_markdown(text);
    const QString expected = shown(whole);
    AnswerText growing;
    growing.resize(600, 10);
    for (int length = 1; length <= text.size(); ++length) {
      growing.set_markdown(text.left(length));
      while (!growing.is_complete()) QTest::qWait(1);
      AnswerText fresh;
      fresh.resize(600, 10);
      fresh.set_markdown(text.left(length));
      QCOMPARE(shown(growing), shown(fresh));
    }
    QCOMPARE(shown(growing), expected);
    QCOMPARE(growing.height(), whole.height());
  }

  // Read in parts it is what it is in one.
  void parts_are_the_whole() {
    const QString text = QString::fromUtf8(kAll);
    QVERIFY(markdown_blocks(text).size() > 5);
    AnswerText view;
    view.resize(600, 10);
    view.set_markdown(text);
    QTextDocument whole;
    QTextCursor cursor(&whole);
    write_markdown(cursor, text, false, {view.font(), view.font()});
    QCOMPARE(shown(view), outline(whole));
  }

  void long_parts_are_cut() {
    const QString code = "```\n" + QString("line of code\n").repeated(2000) + "```";
    for (const MarkdownBlock& block : markdown_blocks(code)) QVERIFY(block.source.size() < 6000);
    const QString word(50'000, 'x');
    for (const MarkdownBlock& block : markdown_blocks(word)) QVERIFY(block.source.size() < 6000);
    AnswerText view;
    view.resize(600, 10);
    view.set_markdown(code);
    QCOMPARE(shown(view).count("`line of code\n"), 2000);
  }
};

}  // namespace

std::unique_ptr<QObject> prose_test() { return std::make_unique<ProseTest>(); }

}  // namespace desktop_test

#include "prose_test.moc"

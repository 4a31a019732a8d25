// Answers, and other texts that a model or a file brings, which want to load or run something.
// Nothing of them may: the kernel tells whether a file was opened.
#include "driver.hpp"
#include "loop_watch.hpp"
#include "tests.hpp"

#include <QDir>
#include <QFile>
#include <QLabel>
#include <QScrollArea>
#include <QTest>
#include <QTextBlock>
#include <QTextEdit>
#include <QToolButton>

#include <conversation/conversation_json.hpp>
#include <sys/inotify.h>
#include <unistd.h>
#include <view/answer_text.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

// A folder whose files would be seen to be opened.
class Bait {
 public:
  Bait() : watch_(inotify_init1(IN_NONBLOCK)) {
    QFile file(path());
    if (file.open(QIODevice::WriteOnly)) file.write("GIF89a");
    file.close();
    inotify_add_watch(watch_, folder_.path().toLocal8Bit().constData(), IN_OPEN | IN_ACCESS);
  }
  ~Bait() { ::close(watch_); }
  Bait(const Bait&) = delete;
  Bait& operator=(const Bait&) = delete;

  QString path() const { return folder_.path() + "/pixel.gif"; }
  // Since the last call.
  bool was_touched() {
    char events[4096];
    return read(watch_, events, sizeof events) > 0;
  }

 private:
  QTemporaryDir folder_;
  int watch_;
};

class HostileTest : public QObject {
  Q_OBJECT

 private:
  void check_documents(QWidget& window) {
    for (const QTextEdit* const view : window.findChildren<QTextEdit*>()) {
      for (QTextBlock block = view->document()->begin(); block.isValid(); block = block.next()) {
        for (auto at = block.begin(); !at.atEnd(); ++at) {
          const QTextCharFormat format = at.fragment().charFormat();
          QVERIFY2(!format.isImageFormat(), qPrintable(at.fragment().text()));
          QVERIFY(!at.fragment().text().contains(QChar(QChar::ObjectReplacementCharacter)));
          QVERIFY(format.background().style() != Qt::TexturePattern);
          if (!format.isAnchor()) continue;
          const QString scheme = QUrl(format.anchorHref()).scheme();
          QVERIFY2(scheme == "http" || scheme == "https", qPrintable(format.anchorHref()));
        }
      }
    }
  }
  // What looks like rich text must not be shown as such.
  void check_labels(QWidget& window) {
    for (const QWidget* const widget : window.findChildren<QWidget*>()) {
      QVERIFY(!Qt::mightBeRichText(widget->toolTip()) || widget->toolTip().startsWith("<p>http"));
      const auto* const label = qobject_cast<const QLabel*>(widget);
      if (label == nullptr || !Qt::mightBeRichText(label->text())) continue;
      QCOMPARE(label->textFormat(), Qt::PlainText);
    }
  }

 private slots:
  void the_bait_tells() {
    Bait bait;
    QVERIFY(!bait.was_touched());
    QFile file(bait.path());
    QVERIFY(file.open(QIODevice::ReadOnly));
    QVERIFY(bait.was_touched());
  }

  void nothing_of_a_text_is_loaded_data() {
    QTest::addColumn<QString>("text");
    const auto row = [](const char* name, const QString& text) { QTest::newRow(name) << text; };
    row("images", "![a](FILE) ![](file://FILE \"t\") ![b](../../../../../../FILE) ![c](<FILE>)");
    row("an image by reference", "![a][r]\n\n[r]: file://FILE \"title\"");
    row("html", "<img src=\"FILE\"> <img src=file://FILE onerror=alert(1)>");
    row("html blocks",
        "<table background=\"FILE\"><tr><td>x</td></tr></table>\n\n<img src='FILE'>");
    row("style", "<style>@import url(\"file://FILE\"); body { background: url(FILE) }</style>");
    row("frames", "<iframe src=\"file://FILE\"></iframe><object data=\"FILE\"></object>");
    row("a link that is an image", "[![x](file://FILE)](file://FILE)");
    row("links", "[a](file://FILE) [b](FILE) <file://FILE> [c](javascript:alert(1)) [d](qrc:/x)");
    row("hidden schemes",
        "[a](JaVaScRiPt:x) [b](&#102;ile://FILE) [c](data:text/html,x) [d](//e.f)");
    row("code", "```<img src=FILE>\n<img src=\"FILE\">\n```\n`<img src=FILE>`");
    row("a table", "| <img src=FILE> | ![x](FILE) |\n|---|---|\n| <b>x</b> | ![y](file://FILE) |");
    row("an object's character", QString("a") + QChar(0xfffc) + "b" + QChar(0x2029) + "c");
    row("controls", QString::fromUtf8("\u202e\u2066 gpj.exe \u2069 ") + QChar(0) + QChar(0xffff));
  }
  void nothing_of_a_text_is_loaded() {
    QFETCH(QString, text);
    Bait bait;
    text.replace("FILE", bait.path());
    // As what the user said and the title, as an answer, as a thought and as tokens.
    Conversation talk = new_conversation({text, text, {}});
    Turn said;
    said.id = new_id();
    said.content = text;
    append_turn(talk, said);
    Turn answer;
    answer.id = new_id();
    answer.parent = said.id;
    answer.role = Role::assistant;
    answer.outcome = Outcome::done;
    answer.content = answer.reasoning = answer.model = text;
    Token token;
    token.text = text;
    token.alternatives = {ScoredText{text, -1, {}}};
    answer.tokens = {token};
    append_turn(talk, answer);
    QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath("conversations"));
    QFile file(folder.path() + "/conversations/" + talk.id + ".json");
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(write_conversations({talk}));
    file.close();

    Driver driver(folder.path());
    QTRY_COMPARE(driver.chats().summaries().size(), 1);
    driver.chats().show(talk.id);
    QTRY_VERIFY(driver.turns().size() == 2);
    TurnView* const view = driver.last_turn();
    for (auto* const each : view->findChildren<AnswerText*>()) {
      each->show();
      QTRY_VERIFY(each->is_complete());
    }
    driver.find_in<QToolButton>(view, "show_tokens")->click();
    auto* const tokens = driver.find_in<TokenText>(view, "token_text");
    tokens->set_current(0);
    driver.window().notice().tell(text);
    QTest::qWait(50);
    driver.window().grab();
    check_documents(driver.window());
    check_labels(driver.window());
    QVERIFY(!bait.was_touched());
  }

  void no_text_takes_the_window_for_long_data() {
    QTest::addColumn<QString>("text");
    const auto row = [](const char* name, const QString& text) { QTest::newRow(name) << text; };
    row("quotes in quotes", QString(">").repeated(5000) + " x");
    row("brackets", QString("[").repeated(5000));
    row("stars", QString("*a **b ").repeated(3000));
    row("a wide table",
        "|" + QString("a|").repeated(500) + "\n|" + QString("---|").repeated(500) + "\n|x");
    row("a table that fills up", "|" + QString("a|").repeated(200) + "\n|" +
                                     QString("---|").repeated(200) + "\n" +
                                     QString("x|\n").repeated(500));
    row("lists in lists", [] {
      QString text;
      for (int depth = 0; depth < 300; ++depth) text += QString(2 * depth, ' ') + "- a\n";
      return text;
    }());
    row("a word", QString("x").repeated(60'000));
    row("a paragraph", QString::fromUtf8("слово ").repeated(10'000));
    row("code", "```\n" + QString("int x = 1;\n").repeated(5000));
    row("links", QString("[a](https://b.c) ").repeated(2000));
    row("definitions",
        QString("[a]: https://b.c\n").repeated(500) + QString("[a]\n\n").repeated(500));
  }
  void no_text_takes_the_window_for_long() {
    QFETCH(QString, text);
    QScrollArea area;
    auto* const view = new AnswerText;
    area.setWidgetResizable(true);
    area.setWidget(view);
    area.resize(700, 500);
    area.show();
    LoopWatch watch;
    watch.start();
    spin(20);
    view->set_markdown(text.left(text.size() / 2));
    spin(20);
    view->set_markdown(text);
    for (int round = 0; round < 1000 && !view->is_complete(); ++round) spin(20);
    QVERIFY(view->is_complete());
    qInfo("longest gap: %.1f ms at work, %.1f asleep", watch.at_work(), watch.asleep());
    if (LoopWatch::counts()) QVERIFY(watch.at_work() < 100);
  }

  void nothing_here_knows_the_network() {
    QFile maps("/proc/self/maps");
    QVERIFY(maps.open(QIODevice::ReadOnly));
    QVERIFY(!maps.readAll().contains("Qt6Network"));
  }
};

}  // namespace

std::unique_ptr<QObject> hostile_test() { return std::make_unique<HostileTest>(); }

}  // namespace desktop_test

#include "hostile_test.moc"

// The window closed in every state: it ends, and what was said is on the disk.
#include "driver.hpp"
#include "tests.hpp"

#include <QDialog>
#include <QDir>
#include <QFile>
#include <QTest>

#include <conversation/conversation_json.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

Conversation only_talk_in(const QString& folder) {
  const QDir talks(folder + "/conversations");
  const QStringList names = talks.entryList({"*.json"});
  QFile file(talks.filePath(names.value(0)));
  if (names.size() != 1 || !file.open(QIODevice::ReadOnly)) return {};
  return read_conversations(file.readAll()).value(0);
}

// Says something that is answered for long.
void begin_answer(Driver& driver, const QString& text) {
  driver.babble();
  driver.ask(text, false);
}

class ClosingTest : public QObject {
  Q_OBJECT

 private slots:
  void without_a_model() {
    Driver driver;
    QVERIFY(driver.close());
  }

  void while_a_model_is_looked_at() {
    Driver driver;
    driver.window().open_model(TLITE_TEST_MODEL);
    QVERIFY(driver.close());
  }

  void while_it_is_loaded() {
    Driver driver;
    driver.window().models().load(TLITE_TEST_MODEL, {});
    QVERIFY(driver.close());
  }

  void in_each_part_of_the_load() {
    for (const int wait : {0, 1, 2, 5, 10, 20}) {
      Driver driver;
      driver.window().models().load(TLITE_TEST_MODEL, {});
      QTest::qWait(wait);
      QVERIFY(driver.close());
    }
  }

  void with_a_model_that_rests() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.close());
  }

  void while_a_prompt_is_read() {
    QTemporaryDir folder;
    Driver driver(folder.path());
    QVERIFY(driver.load());
    begin_answer(driver, QString("слово ").repeated(900));
    QVERIFY(driver.chats().is_running());
    QVERIFY(driver.close());
    const Conversation kept = only_talk_in(folder.path());
    QCOMPARE(kept.turns.size(), 2);
    QCOMPARE(kept.turns.last().outcome, Outcome::interrupted);
  }

  void while_an_answer_is_written() {
    QTemporaryDir folder;
    Driver driver(folder.path());
    QVERIFY(driver.load());
    begin_answer(driver, "Привет!");
    QTRY_VERIFY(!driver.last().content.isEmpty());
    QVERIFY(driver.chats().is_running());
    const QString said = driver.last().content;
    QVERIFY(!said.isEmpty());
    QVERIFY(driver.close());
    const Conversation kept = only_talk_in(folder.path());
    QCOMPARE(kept.turns.last().outcome, Outcome::interrupted);
    QVERIFY(kept.turns.last().content.startsWith(said));
  }

  void while_two_answers_are_written_and_a_third_is_asked_for() {
    Driver driver;
    QVERIFY(driver.load());
    for (int talk = 0; talk < 3; ++talk) {
      driver.chats().start_new();
      begin_answer(driver, "Привет!");
      QTest::qWait(5);
    }
    QVERIFY(driver.close());
  }

  void while_another_model_is_loaded() {
    Driver driver;
    QVERIFY(driver.load());
    begin_answer(driver, "Привет!");
    driver.window().models().load(TLITE_TEST_MODEL, {});
    QVERIFY(driver.close());
  }

  void twice_in_a_row() {
    Driver driver;
    QVERIFY(driver.load());
    begin_answer(driver, "Привет!");
    driver.window().close();
    driver.window().close();
    QVERIFY(driver.close());
  }

  // Over and over: what one leaves behind would be in the next one's way.
  void many_times() {
    QTemporaryDir folder;
    for (int time = 0; time < 20; ++time) {
      Driver driver(folder.path());
      QVERIFY(driver.load());
      begin_answer(driver, "Привет!");
      QTest::qWait(time);
      QVERIFY(driver.close());
    }
    QCOMPARE(QDir(folder.path() + "/conversations").entryList({"*.json"}).size(), 20);
  }
};

}  // namespace

std::unique_ptr<QObject> closing_test() { return std::make_unique<ClosingTest>(); }

}  // namespace desktop_test

#include "closing_test.moc"

// Conversations on the disk: kept, found again, and what happens where they cannot be.
#include "driver.hpp"
#include "tests.hpp"

#include <QDir>
#include <QFile>
#include <QLabel>
#include <QTest>
#include <csignal>

#include <conversation/conversation_json.hpp>
#include <sys/resource.h>

namespace desktop_test {
namespace {

using namespace desktop;

// No file may grow beyond some bytes while it lives: write() fails as on a full disk.
class FullDisk {
 public:
  FullDisk() {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit none = before_;
    none.rlim_cur = 64;
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before_); }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit before_{};
};

QString file_of(const Driver& driver, const QString& id) {
  return driver.folder() + "/conversations/" + id + ".json";
}

QList<Conversation> read_all(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly)) return {};
  return read_conversations(file.readAll());
}

Conversation read(const QString& path) { return read_all(path).value(0); }

class StorageTest : public QObject {
  Q_OBJECT

 private slots:
  void a_talk_is_there_again() {
    QTemporaryDir folder;
    Conversation before;
    {
      Driver driver(folder.path());
      QVERIFY(driver.load());
      QVERIFY(driver.ask("Привет!"));
      driver.chats().regenerate(driver.last().id);
      QVERIFY(driver.wait_for_answers());
      driver.chats().rename(driver.chats().current().id, "Первый");
      before = driver.chats().current();
      QVERIFY(driver.close());
    }
    Driver driver(folder.path());
    QTRY_COMPARE(driver.chats().summaries().size(), 1);
    QCOMPARE(driver.chats().summaries().first().title, QString("Первый"));
    driver.chats().show(before.id);
    QTRY_COMPARE(driver.chats().current().id, before.id);
    QVERIFY(driver.chats().current() == before);
    QTRY_COMPARE(driver.turns().size(), 2);
    QCOMPARE(driver.last_turn()->branches().size(), 2);
  }

  void preferences_are_there_again() {
    QTemporaryDir folder;
    {
      Driver driver(folder.path());
      driver.set(kTemperature, 0.25);
      QVERIFY(driver.load());
    }
    const Preferences read = read_preferences(folder.path() + "/preferences.ini");
    QCOMPARE(read.settings.parameters.numbers[kTemperature], std::optional<double>(0.25));
    QCOMPARE(read.models, QStringList{TLITE_TEST_MODEL});
    Driver again(folder.path());
    QCOMPARE(again.chats().current().settings.parameters.numbers[kTemperature],
             std::optional<double>(0.25));
  }

  void a_broken_file_is_named_and_left_alone() {
    QTemporaryDir folder;
    QVERIFY(QDir(folder.path()).mkpath("conversations"));
    const QString path = folder.path() + "/conversations/aaaaaaaaaaaa.json";
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    const QByteArray cut = "{\"format\": \"tlite-conv";
    file.write(cut);
    file.close();
    Driver driver(folder.path());
    QTRY_VERIFY(driver.window().notice().message().contains(path + ": file: not JSON"));
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    QVERIFY(driver.close());
    QCOMPARE(QFile(path).size(), qint64{cut.size()});
  }

  void a_full_disk_is_a_sentence_and_the_window_goes_on() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    const QString id = driver.chats().current().id;
    QTRY_VERIFY(QFile::exists(file_of(driver, id)) && !driver.chats().has_unsaved());
    QTest::qWait(300);
    const Conversation kept = read(file_of(driver, id));
    {
      const FullDisk full;
      QVERIFY(driver.ask("Как дела?"));
      QTRY_VERIFY(driver.window().notice().message().contains(id + ".json: "));
      // What was there is whole.
      QVERIFY(read(file_of(driver, id)) == kept);
      QVERIFY(driver.ask("А теперь?"));
      QCOMPARE(driver.last().outcome, Outcome::done);
      // The first close says it and stays.
      driver.window().notice().tell("-");
      driver.window().close();
      QTRY_VERIFY(driver.window().notice().message().contains(id + ".json: "));
      QVERIFY(driver.window().isVisible());
    }
    // There is room again: what is said next saves all.
    QVERIFY(driver.ask("Привет!"));
    QTRY_VERIFY(read(file_of(driver, id)).turns.size() == 8);
  }

  void on_a_full_disk_the_second_close_closes() {
    Driver driver;
    QVERIFY(driver.load());
    const FullDisk full;
    QVERIFY(driver.ask("Привет!"));
    QTRY_VERIFY(driver.chats().has_unsaved());
    driver.window().close();
    QTest::qWait(100);
    QVERIFY(driver.window().isVisible());
    QVERIFY(driver.close());
  }

  void where_no_folder_can_be_made_the_window_says_so() {
    QTemporaryDir folder;
    QFile file(folder.path() + "/file");
    QVERIFY(file.open(QIODevice::WriteOnly));
    Driver driver(folder.path() + "/file/below");
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    QTRY_VERIFY(driver.window().notice().message().contains(folder.path() + "/file/below"));
    driver.window().close();
    QTest::qWait(100);
  }

  void what_was_exported_is_imported_once() {
    QTemporaryDir folder;
    const QString file = folder.path() + "/all.json";
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    driver.chats().start_new();
    QVERIFY(driver.ask("Как дела?"));
    driver.chats().flush();
    ConversationStore store(driver.folder());
    const QDir talks(driver.folder() + "/conversations");
    QTRY_COMPARE(talks.entryList({"*.json"}).size(), 2);
    store.export_all(file);
    QTRY_COMPARE(read_all(file).size(), 2);

    QTemporaryDir other;
    ConversationStore there(other.path());
    QList<qsizetype> added;
    connect(&there, &ConversationStore::imported, this,
            [&](const QList<Summary>& summaries) { added += summaries.size(); });
    there.import_from(file);
    there.import_from(file);
    QTRY_COMPARE(added, (QList<qsizetype>{2, 0}));
    QCOMPARE(QDir(other.path() + "/conversations").entryList({"*.json"}).size(), 2);
  }

  void a_removed_talk_is_gone() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    const QString id = driver.chats().current().id;
    QTRY_VERIFY(QFile::exists(file_of(driver, id)));
    driver.chats().remove(id);
    QTRY_VERIFY(!QFile::exists(file_of(driver, id)));
    QCOMPARE(driver.chats().summaries().size(), 0);
    QVERIFY(driver.turns().isEmpty());
  }
};

}  // namespace

std::unique_ptr<QObject> storage_test() { return std::make_unique<StorageTest>(); }

}  // namespace desktop_test

#include "storage_test.moc"

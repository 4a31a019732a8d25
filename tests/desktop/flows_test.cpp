// What a user does, from an empty window on.
#include "driver.hpp"
#include "loop_watch.hpp"
#include "tests.hpp"

#include <QAccessible>
#include <QComboBox>
#include <QDialog>
#include <QDir>
#include <QFile>
#include <QLabel>
#include <QLineEdit>
#include <QMouseEvent>
#include <QPlainTextEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QToolButton>

#include <engine/model_facts.hpp>
#include <prose/colours.hpp>

#include <tlite/tlite.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

// Milliseconds. Asleep it is for one at most, by a clock that a shared machine makes worse.
constexpr double kFrame = 16;
constexpr double kAwake = 100;

// What the library itself says to it, alone.
QString answer_of_library(const std::vector<tlite::Message>& messages,
                          const Parameters& parameters) {
  const tlite::Model model = tlite::Model::load(TLITE_TEST_MODEL);
  tlite::Session session(model);
  session.set_messages(messages);
  session.set_sampling(sampling_of(parameters, model.default_sampling()));
  return QString::fromStdString(session.reply().text);
}

// A model's files, of which one may be broken.
void copy_model(const QString& to) {
  QDir().mkpath(to);
  for (const QString& name : QDir(TLITE_TEST_MODEL).entryList(QDir::Files)) {
    QFile::copy(QString(TLITE_TEST_MODEL) + "/" + name, to + "/" + name);
    QFile::setPermissions(to + "/" + name, QFile::ReadOwner | QFile::WriteOwner);
  }
}

class FlowsTest : public QObject {
  Q_OBJECT

 private slots:
  void without_a_model_what_was_written_stays() {
    Driver driver;
    QVERIFY(driver.find<QPushButton>("welcome_button")->isVisible());
    QVERIFY(driver.ask("Привет!"));
    QCOMPARE(driver.window().notice().message(), say(Text::needs_model));
    QCOMPARE(driver.find<MessageEdit>("message_edit")->toPlainText(), QString("Привет!"));
    QVERIFY(driver.turns().isEmpty());
  }

  void a_model_that_is_not_there_is_a_sentence_data() {
    QTest::addColumn<QString>("broken");
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QString>("sentence");
    QTest::newRow("nothing there") << "" << QByteArray() << "no such file or directory";
    QTest::newRow("a cut configuration") << "config.json" << QByteArray("{\"a\":") << "config.json";
    QTest::newRow("weights that are none")
        << "model.safetensors" << QByteArray("nonsense, longer than 8 bytes")
        << "model.safetensors";
    QTest::newRow("empty weights") << "model.safetensors" << QByteArray() << "model.safetensors";
  }
  void a_model_that_is_not_there_is_a_sentence() {
    QFETCH(QString, broken);
    QFETCH(QByteArray, content);
    QFETCH(QString, sentence);
    QTemporaryDir folder;
    const QString path = folder.path() + "/m";
    if (!broken.isEmpty()) {
      copy_model(path);
      QFile file(path + "/" + broken);
      QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
      file.write(content);
    }
    Driver driver;
    driver.window().open_model(path);
    auto* const error = driver.find<QLabel>("model_error");
    QTRY_VERIFY(error->isVisible());
    QVERIFY2(error->text().contains(sentence), qPrintable(error->text()));
    QVERIFY(!driver.find<QPushButton>("model_load")->isEnabled());
    driver.find<QDialog>("model_dialog")->reject();
    // And where it broke behind the dialog's back.
    driver.window().models().load(path, {});
    QTRY_VERIFY(!driver.window().models().is_loading());
    QVERIFY(driver.window().notice().message().contains(sentence));
    QVERIFY(driver.load());  // the window goes on
  }

  void what_a_model_takes_is_shown_before() {
    Driver driver;
    driver.window().open_model(TLITE_TEST_MODEL);
    auto* const load = driver.find<QPushButton>("model_load");
    QTRY_VERIFY(load->isEnabled());
    auto* const context = driver.find<QComboBox>("model_context");
    const auto shown = [&] {
      QStringList texts;
      for (const QLabel* const label :
           driver.find<QWidget>("model_memory")->findChildren<QLabel*>()) {
        if (!label->accessibleName().isEmpty()) texts += label->text();
      }
      return texts;
    };
    QStringList before;
    for (const int tokens : {2048, 8192}) {
      context->setCurrentIndex(context->findData(tokens));
      QTRY_VERIFY(load->isEnabled() && shown() != before);
      LoadChoices choices;
      choices.context = tokens;
      const tlite::MemoryPlan plan = tlite::Model::plan(
          TLITE_TEST_MODEL, tlite::evaluator_options(engine_options(choices)), {});
      QStringList expected;
      for (const std::uint64_t bytes :
           {plan.weights, plan.weights_resident, plan.kv_cache, plan.scratch, plan.total()}) {
        expected += write_bytes(static_cast<double>(bytes));
      }
      before = shown();
      QCOMPARE(before, expected);
    }
    QVERIFY(!driver.chats().has_model());
  }

  // The demo model is loaded in a moment: now and then before the button is pressed.
  void loading_can_be_cancelled() {
    Driver driver;
    QSignalSpy cancelled(&driver.window().models(), &Models::cancelled);
    for (int time = 0; time < 50 && cancelled.isEmpty(); ++time) {
      driver.window().models().load(TLITE_TEST_MODEL, {});
      QVERIFY(driver.find<QWidget>("progress")->isVisible());
      driver.find<QToolButton>("cancel_loading")->click();
      QTRY_VERIFY(!driver.window().models().is_loading());
    }
    QCOMPARE(cancelled.count(), 1);
    QVERIFY(!driver.chats().has_model());
    QVERIFY(!driver.find<QWidget>("progress")->isVisible());
    QCOMPARE(driver.window().notice().message(), say(Text::load_cancelled));
    QVERIFY(driver.load());
  }

  void an_answer_is_the_librarys() {
    Driver driver;
    QVERIFY(driver.load());
    driver.set(kSeed, 11);
    driver.set(kTemperature, 1);
    QSignalSpy grown(&driver.chats(), &Chats::turn_changed);
    QVERIFY(driver.ask("Напиши стих про машинное обучение"));
    const Turn said = driver.last();
    QCOMPARE(said.outcome, Outcome::done);
    const auto& talk = driver.chats().current();
    QCOMPARE(said.content,
             answer_of_library(messages_for(talk, said.parent), talk.settings.parameters));
    QVERIFY(said.usage && said.timing && said.usage->prompt > 0);
    QCOMPARE(said.tokens.size(), qsizetype{said.usage->completion});
    auto* const view = driver.find_in<AnswerText>(driver.last_turn(), "answer_text");
    QTRY_VERIFY(driver.last_turn()->findChildren<AnswerText*>().last()->is_complete());
    Q_UNUSED(view);
    QVERIFY(driver.find<QLabel>("context_label")->text().contains(write(2048)));
  }

  void a_second_question_knows_the_first() {
    Driver driver;
    QVERIFY(driver.load());
    driver.set(kTemperature, 0);
    QVERIFY(driver.ask("Привет!"));
    QVERIFY(driver.ask("Как дела?"));
    const auto& talk = driver.chats().current();
    QCOMPARE(talk.turns.size(), 4);
    QCOMPARE(driver.last().content,
             answer_of_library(messages_for(talk, driver.last().parent), talk.settings.parameters));
    QVERIFY(driver.last().usage->cached > 0);
  }

  void a_system_prompt_is_read() {
    Driver driver;
    QVERIFY(driver.load());
    driver.find<QToolButton>("toggle_settings")->click();
    driver.find<QPlainTextEdit>("system_prompt")->setPlainText("Отвечай по-английски.");
    driver.set(kTemperature, 0);
    QVERIFY(driver.ask("Привет!"));
    const auto& talk = driver.chats().current();
    const auto messages = messages_for(talk, driver.last().parent);
    QCOMPARE(messages.front().content, std::string("Отвечай по-английски."));
    QCOMPARE(driver.last().content, answer_of_library(messages, talk.settings.parameters));
  }

  void an_answer_stops() {
    Driver driver;
    QVERIFY(driver.load());
    driver.babble();
    QVERIFY(driver.ask("Привет!", false));
    QTRY_VERIFY(!driver.last().content.isEmpty());
    QVERIFY(driver.chats().is_running());
    QTest::keyClick(driver.find<MessageEdit>("message_edit"), Qt::Key_Escape);
    QVERIFY(driver.wait_for_answers());
    QCOMPARE(driver.last().outcome, Outcome::stopped);
    QVERIFY(!driver.last().content.isEmpty());
    // Enter while an answer runs sends nothing; the button stops.
    QVERIFY(driver.ask("Ещё", false));
    QVERIFY(driver.ask("И ещё", false));
    QCOMPARE(driver.chats().current().turns.size(), 4);
    QCOMPARE(driver.find<MessageEdit>("message_edit")->toPlainText(), QString("И ещё"));
    driver.find<QToolButton>("send_button")->click();
    QVERIFY(driver.wait_for_answers());
    QCOMPARE(driver.last().outcome, Outcome::stopped);
  }

  void answering_anew_makes_a_branch() {
    Driver driver;
    QVERIFY(driver.load());
    driver.babble();
    driver.set(kSeed, std::nullopt);
    driver.set(kMaxTokens, 8);
    QVERIFY(driver.ask("Привет!"));
    const QString first = driver.last().content;
    driver.find_in<QToolButton>(driver.last_turn(), "regenerate")->click();
    QVERIFY(driver.wait_for_answers());
    QVERIFY(driver.last().content != first);
    QCOMPARE(driver.find_in<QLabel>(driver.last_turn(), "branch_label")->text(), QString("2/2"));
    driver.find_in<QToolButton>(driver.last_turn(), "previous_branch")->click();
    QCOMPARE(driver.last().content, first);
    QCOMPARE(driver.find_in<QLabel>(driver.last_turn(), "branch_label")->text(), QString("1/2"));
    // The one on show was cut at the length that was set, and says so.
    QCOMPARE(driver.last().outcome, Outcome::length);
    // By the keyboard as well.
    QTest::keyClick(&driver.window(), Qt::Key_R, Qt::ControlModifier);
    QVERIFY(driver.wait_for_answers());
    QCOMPARE(driver.last_turn()->branches().size(), 3);
  }

  void an_earlier_turn_is_edited_and_both_branches_stay() {
    Driver driver;
    QVERIFY(driver.load());
    driver.set(kTemperature, 0);
    QVERIFY(driver.ask("Привет!"));
    QVERIFY(driver.ask("Как дела?"));
    TurnView* const first = driver.turns().first();
    driver.find_in<QToolButton>(first, "edit_turn")->click();
    auto* const edit = driver.find_in<QPlainTextEdit>(first, "turn_edit");
    edit->setPlainText("Напиши стих");
    QTest::keyClick(edit, Qt::Key_Return, Qt::ControlModifier);
    QVERIFY(driver.wait_for_answers());
    QCOMPARE(driver.turns().size(), 2);
    QCOMPARE(driver.chats().current().turns.size(), 6);
    driver.find_in<QToolButton>(driver.turns().first(), "previous_branch")->click();
    QTRY_COMPARE(driver.turns().size(), 4);
    // Escape leaves a turn as it was; an answer that is edited is not answered.
    driver.find_in<QToolButton>(driver.last_turn(), "edit_turn")->click();
    QTest::keyClick(driver.find_in<QPlainTextEdit>(driver.last_turn(), "turn_edit"),
                    Qt::Key_Escape);
    QCOMPARE(driver.chats().current().turns.size(), 6);
    driver.find_in<QToolButton>(driver.last_turn(), "edit_turn")->click();
    driver.find_in<QPlainTextEdit>(driver.last_turn(), "turn_edit")->setPlainText("Иначе");
    driver.find_in<QPushButton>(driver.last_turn(), "save_branch")->click();
    QCOMPARE(driver.last().content, QString("Иначе"));
    QCOMPARE(driver.last().outcome, Outcome::edited);
    QVERIFY(!driver.chats().is_running());
  }

  void several_talks_are_answered_at_once() {
    Driver driver;
    QVERIFY(driver.load());
    const QStringList questions{"Привет!",          "Напиши стих",
                                "Как дела?",        "Сколько будет два плюс два?",
                                "Столица Франции?", "Расскажи шутку"};
    driver.set(kTemperature, 1);
    driver.set(kSeed, 5);
    QStringList ids;
    for (const QString& question : questions) {
      driver.chats().start_new();
      ids += driver.chats().current().id;
      QVERIFY(driver.ask(question, false));
    }
    const auto all_done = [&] {
      for (const QString& id : ids) {
        if (driver.chats().is_running(id)) return false;
      }
      return true;
    };
    QVERIFY(QTest::qWaitFor(all_done, kPatience));
    for (const QString& id : ids) {
      driver.chats().show(id);
      const auto& talk = driver.chats().current();
      QCOMPARE(driver.last().outcome, Outcome::done);
      QCOMPARE(driver.last().content, answer_of_library(messages_for(talk, driver.last().parent),
                                                        talk.settings.parameters));
    }
    // Through the list by the keyboard.
    const QString last = driver.chats().current().id;
    QTest::keyClick(&driver.window(), Qt::Key_PageDown, Qt::ControlModifier);
    QVERIFY(driver.chats().current().id != last);
  }

  void tokens_show_what_could_have_been_said() {
    Driver driver;
    QVERIFY(driver.load());
    driver.set(kTemperature, 0);
    QVERIFY(driver.ask("Привет!"));
    driver.find_in<QToolButton>(driver.last_turn(), "show_tokens")->click();
    auto* const text = driver.find_in<TokenText>(driver.last_turn(), "token_text");
    auto* const card = driver.find<TokenCard>("token_card");
    QVERIFY(!card->isVisible());
    const QList<Token> tokens = driver.last().tokens;
    QTRY_VERIFY(text->width() > 200);  // laid out
    // By the arrow keys, each of them.
    for (int at = 0; at < tokens.size(); ++at) {
      QTest::keyClick(text, Qt::Key_Right);
      QCOMPARE(text->current(), at);
      QVERIFY(card->isVisible());
      QVERIFY(card->description().contains(
          say(Text::token_number, write(at + 1), write(static_cast<double>(tokens.size())))));
      QVERIFY(card->description().contains(write_percent(std::exp(tokens[at].logprob))));
      QCOMPARE(tokens[at].alternatives.size(), 5);
    }
    QTest::keyClick(text, Qt::Key_Home);
    QCOMPARE(text->current(), 0);
    QTest::keyClick(text, Qt::Key_Escape);
    QVERIFY(!card->isVisible());
    // By pointing.
    const QPointF point = text->place_of(2).center();
    QMouseEvent move(QEvent::MouseMove, point, text->viewport()->mapToGlobal(point), Qt::NoButton,
                     Qt::NoButton, Qt::NoModifier);
    QCoreApplication::sendEvent(text->viewport(), &move);
    QCOMPARE(text->current(), 2);
    // Without probabilities there are none to show.
    Settings settings = driver.chats().current().settings;
    settings.parameters.alternatives = 0;
    driver.chats().set_settings(settings);
    QVERIFY(driver.ask("Привет!"));
    QVERIFY(driver.last().tokens.isEmpty());
    driver.find_in<QToolButton>(driver.last_turn(), "show_tokens")->click();
    QVERIFY(driver.find_in<TokenText>(driver.last_turn(), "token_text") == nullptr);
  }

  void a_wrong_parameter_is_marked_and_not_taken() {
    Driver driver;
    driver.find<QToolButton>("toggle_settings")->click();
    auto* const field = driver.find<QLineEdit>("temperature");
    QTest::keyClicks(field, "0,5");
    QCOMPARE(driver.chats().current().settings.parameters.numbers[kTemperature],
             std::optional<double>(0.5));
    field->setText("warm");
    QVERIFY(field->property("wrong").toBool());
    QCOMPARE(driver.chats().current().settings.parameters.numbers[kTemperature],
             std::optional<double>(0.5));
    field->clear();
    QVERIFY(!field->property("wrong").toBool());
    QCOMPARE(driver.chats().current().settings.parameters.numbers[kTemperature], std::nullopt);
  }

  void what_the_engine_refuses_is_a_sentence() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask(QString("много слов ").repeated(10'000)));
    QCOMPARE(driver.last().outcome, Outcome::failed);
    auto* const failure = driver.find_in<QLabel>(driver.last_turn(), "failure_text");
    QVERIFY(failure->isVisible());
    QVERIFY2(failure->text().contains("tokens"), qPrintable(failure->text()));
    QVERIFY(driver.ask("Привет!"));
    QCOMPARE(driver.last().outcome, Outcome::failed);  // it is behind the long one
    driver.chats().start_new();
    QVERIFY(driver.ask("Привет!"));
    QCOMPARE(driver.last().outcome, Outcome::done);
  }

  void a_model_is_unloaded_and_another_one_loaded() {
    Driver driver;
    QTemporaryDir folder;
    copy_model(folder.path() + "/other");
    QVERIFY(driver.load());
    driver.babble();
    QVERIFY(driver.ask("Привет!", false));
    QVERIFY(driver.load(folder.path() + "/other"));
    QVERIFY(driver.wait_for_answers());
    QCOMPARE(driver.last().outcome, Outcome::stopped);
    QCOMPARE(driver.chats().model().path, folder.path() + "/other");
    driver.set(kTemperature, 0);
    QVERIFY(driver.ask("Привет!"));
    QCOMPARE(driver.last().model, QString("other"));
    driver.window().models().unload();
    QVERIFY(driver.ask("Привет!"));
    QCOMPARE(driver.window().notice().message(), say(Text::needs_model));
    for (int time = 0; time < 5; ++time) {
      driver.window().models().load(TLITE_TEST_MODEL, {});
      driver.window().models().load(folder.path() + "/other", {});
    }
    QTRY_VERIFY_WITH_TIMEOUT(!driver.window().models().is_loading(), kPatience);
    QCOMPARE(driver.chats().model().path, folder.path() + "/other");
  }

  // Two answers of which one is on show, in a long talk, and another talk that is opened meanwhile.
  void the_window_is_never_away_for_a_frame() {
    Driver driver;
    QVERIFY(driver.load());
    driver.babble();
    driver.set(kMaxTokens, 100);
    for (int time = 0; time < 12; ++time) QVERIFY(driver.ask("Напиши стих про море"));
    const QString long_talk = driver.chats().current().id;
    driver.chats().start_new();
    driver.set(kMaxTokens, 1500);
    LoopWatch watch;
    watch.start();
    QVERIFY(driver.ask("Привет!", false));
    spin(100);
    qInfo("an answer: %.1f ms at work, %.1f asleep", watch.at_work(), watch.asleep());
    const QString babbling = driver.chats().current().id;
    driver.chats().show(long_talk);
    QVERIFY(driver.chats().is_running(babbling));
    spin(500);
    qInfo("opening a long talk: %.1f ms at work, %.1f asleep", watch.at_work(), watch.asleep());
    QVERIFY(driver.ask("Ещё", false));
    spin(600);
    qInfo("longest gap: %.1f ms at work, %.1f asleep", watch.at_work(), watch.asleep());
    if (!LoopWatch::counts()) return;
    QVERIFY(watch.at_work() <= kFrame);
    QVERIFY(watch.asleep() <= kAwake);
  }

  void language_and_theme_change_while_it_runs() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    emit driver.find<ConversationList>("list_panel")->language_chosen(Language::ru);
    QCOMPARE(driver.find<QPushButton>("new_conversation")->text(), QString("Новый разговор"));
    QCOMPARE(driver.find_in<QToolButton>(driver.last_turn(), "regenerate")->accessibleName(),
             QString("Ответить заново"));
    emit driver.find<ConversationList>("list_panel")->theme_chosen(Theme::dark);
    QTest::qWait(50);
    const QImage dark = driver.window().grab().toImage();
    QCOMPARE(dark.pixelColor(dark.width() / 2, 200), dark_colours().ground);
    emit driver.find<ConversationList>("list_panel")->theme_chosen(Theme::light);
    emit driver.find<ConversationList>("list_panel")->language_chosen(Language::en);
    QTest::qWait(50);
    const QImage light = driver.window().grab().toImage();
    QCOMPARE(light.pixelColor(light.width() / 2, 200), light_colours().ground);
  }

  void every_control_has_a_name() {
    Driver driver;
    QVERIFY(driver.load());
    QVERIFY(driver.ask("Привет!"));
    driver.find<QToolButton>("toggle_settings")->click();
    driver.find_in<QToolButton>(driver.last_turn(), "edit_turn")->click();
    driver.window().open_model(TLITE_TEST_MODEL);
    int seen = 0;
    for (QWidget* const widget : driver.window().findChildren<QWidget*>()) {
      const bool is_inner =
          widget->objectName().startsWith("qt_") || widget->window()->windowType() == Qt::Popup;
      if (widget->focusPolicy() == Qt::NoFocus || is_inner || widget->window() == widget) continue;
      if (qobject_cast<QLabel*>(widget) != nullptr && widget->isHidden()) continue;  // has no text
      if (qobject_cast<QScrollArea*>(widget) != nullptr && widget->accessibleName().isEmpty())
        continue;
      const QAccessibleInterface* const control = QAccessible::queryAccessibleInterface(widget);
      const QString name = control->text(QAccessible::Name);
      QVERIFY2(!name.isEmpty(),
               qPrintable(QString(widget->metaObject()->className()) + " " + widget->objectName()));
      ++seen;
    }
    QVERIFY(seen > 30);
    driver.find<QDialog>("model_dialog")->reject();
  }

  void the_list_is_a_panel_over_a_narrow_window() {
    Driver driver;
    driver.window().resize(500, 700);
    QTest::qWait(20);
    auto* const list = driver.find<QWidget>("list_panel");
    QVERIFY(!list->isVisible());
    QTest::keyClick(&driver.window(), Qt::Key_B, Qt::ControlModifier);
    QVERIFY(list->isVisible());
    QTest::keyClick(&driver.window(), Qt::Key_Escape);
    QVERIFY(!list->isVisible());
    driver.window().resize(1200, 700);
    QTest::qWait(20);
    QVERIFY(list->isVisible());
  }
};

}  // namespace

std::unique_ptr<QObject> flows_test() { return std::make_unique<FlowsTest>(); }

}  // namespace desktop_test

#include "flows_test.moc"

// What needs no window: parameters, the tree of turns, its form on the disk.
#include "tests.hpp"

#include <QTest>

#include <conversation/conversation.hpp>
#include <conversation/conversation_json.hpp>
#include <text/texts.hpp>

namespace desktop_test {
namespace {

using namespace desktop;

Turn made(const QString& id, const QString& parent, Role role, const QString& content) {
  Turn turn;
  turn.id = id;
  turn.parent = parent;
  turn.role = role;
  turn.content = content;
  turn.created = 1'700'000'000'000;
  if (role == Role::assistant) turn.outcome = Outcome::done;
  return turn;
}

const QString kA = "aaaaaaaaaaaa", kB = "bbbbbbbbbbbb", kC = "cccccccccccc", kD = "000000000000";

// Ids against the order in which they were made.
Conversation branched() {
  Conversation talk = new_conversation({"m", "Будь краток.", {}});
  append_turn(talk, made(kC, {}, Role::user, "вопрос"));
  append_turn(talk, made(kB, kC, Role::assistant, "один"));
  append_turn(talk, made(kA, kC, Role::assistant, "два"));
  append_turn(talk, made(kD, kB, Role::user, "дальше"));
  return talk;
}

class UnitsTest : public QObject {
  Q_OBJECT

 private slots:
  void numbers_are_read_as_written_data() {
    QTest::addColumn<int>("parameter");
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("fine");
    QTest::addColumn<double>("value");
    const auto row = [](const char* name, int parameter, const char* text, bool fine,
                        double value) {
      QTest::newRow(name) << parameter << QString(text) << fine << value;
    };
    row("a point", 0, "0.7", true, 0.7);
    row("a comma", 0, " 0,7 ", true, 0.7);
    row("the least", 0, "0", true, 0);
    row("too large", 0, "10.1", false, 0);
    row("no number", 0, "warm", false, 0);
    row("infinity", 0, "inf", false, 0);
    row("not a number", 0, "nan", false, 0);
    row("the least, which is excluded", 1, "0", false, 0);
    row("half a token", 2, "1.5", false, 0);
    row("no tokens", 5, "0", false, 0);
    row("the largest seed", 6, "9007199254740991", true, 9007199254740991.0);
    row("a negative seed", 6, "-1", false, 0);
    row("empty", 0, "", false, 0);
  }
  void numbers_are_read_as_written() {
    QFETCH(int, parameter);
    QFETCH(QString, text);
    QFETCH(bool, fine);
    QFETCH(double, value);
    const auto& of = kNumberParameters[static_cast<std::size_t>(parameter)];
    const std::optional<double> read = parse_number(text, of);
    QCOMPARE(read.has_value(), fine);
    if (!fine) return;
    QCOMPARE(*read, value);
    QCOMPARE(parse_number(write_number(*read), of), read);
  }

  void stop_strings_come_back() {
    const QStringList stop{"a\nb", "\t", "\\n", "\\", "слово"};
    QCOMPARE(parse_stop(write_stop(stop)), stop);
    QCOMPARE(parse_stop("\n\nx\n"), QStringList{"x"});
    QCOMPARE(parse_stop("a\\"), QStringList{"a\\"});
  }

  void what_is_set_reaches_the_sampler() {
    Parameters parameters;
    parameters.numbers = {0.5, 0.9, 40.0, 0.1, 1.1, 7.0, 42.0};
    parameters.stop = {"стоп"};
    parameters.alternatives = 3;
    const tlite::SamplingParams all = sampling_of(parameters, {});
    QCOMPARE(all.temperature, 0.5F);
    QCOMPARE(all.top_p, 0.9F);
    QCOMPARE(all.top_k, 40);
    QCOMPARE(all.min_p, 0.1F);
    QCOMPARE(all.repetition_penalty, 1.1F);
    QCOMPARE(all.max_new_tokens, 7);
    QCOMPARE(*all.seed, std::uint64_t{42});
    QCOMPARE(all.stop.at(0), std::string("стоп"));
    QCOMPARE(all.logprobs, 3);
    tlite::SamplingParams own;
    own.temperature = 0.3F;
    own.top_k = 9;
    Parameters none;
    none.alternatives = 0;
    const tlite::SamplingParams kept = sampling_of(none, own);
    QCOMPARE(kept.temperature, 0.3F);
    QCOMPARE(kept.top_k, 9);
    QCOMPARE(kept.logprobs, -1);
  }

  void branches_are_kept_and_chosen() {
    Conversation talk = branched();
    QCOMPARE(children_of(talk, kC), (QStringList{kB, kA}));
    QCOMPARE(path_to(talk, talk.leaf).size(), 3);
    select_branch(talk, kA);
    QCOMPARE(talk.leaf, kA);
    select_branch(talk, kB);
    QCOMPARE(talk.leaf, kD);  // down to what was said last in it
    QCOMPARE(title_of(talk), QString("вопрос"));
  }

  void a_model_reads_the_path_alone() {
    Conversation talk = branched();
    append_turn(talk, made("ffffffffffff", kD, Role::assistant, ""));  // nothing came
    append_turn(talk, made("eeeeeeeeeeee", "ffffffffffff", Role::user, "ещё"));
    const auto messages = messages_for(talk, "eeeeeeeeeeee");
    std::string said;
    for (const auto& message : messages) said += message.role + ":" + message.content + ";";
    QCOMPARE(said, std::string("system:Будь краток.;user:вопрос;assistant:один;user:дальше;"
                               "user:ещё;"));
  }

  void a_conversation_comes_back_from_its_text() {
    Conversation talk = branched();
    Turn& answer = *find_turn(talk, kB);
    answer.reasoning = "хм";
    answer.outcome = Outcome::failed;
    answer.failure = "context_full: 9 tokens";
    answer.usage = Usage{10, 4, 3};
    answer.timing = Timing{0.25, 1.5, 0.5};
    answer.model = "m";
    Token token;
    token.text = QString::fromUtf8("\xef\xbf\xbd");
    token.bytes = QByteArray("\xd0", 1);
    token.logprob = -0.5;
    token.alternatives = {ScoredText{"да", -0.5, {}}, ScoredText{"нет", -2, {}}};
    answer.tokens = {token, token};
    talk.settings.parameters.numbers[0] = 0.5;
    talk.settings.parameters.stop = {"\n\n"};
    talk.settings.parameters.thinking = Thinking::off;
    talk.settings.parameters.alternatives = 20;
    const QList<Conversation> all{talk, new_conversation({})};
    QVERIFY(read_conversations(write_conversations(all)) == all);
  }

  void what_ran_when_the_program_went_was_interrupted() {
    Conversation talk = branched();
    find_turn(talk, kB)->outcome = Outcome::running;
    const Conversation read = read_conversations(write_conversations({talk})).first();
    QCOMPARE(find_turn(read, kB)->outcome, Outcome::interrupted);
  }

  void a_bad_file_is_refused_by_place_data() {
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<QByteArray>("to");
    QTest::addColumn<QByteArray>("error");
    const auto row = [](const char* name, const char* from, const char* to, const char* error) {
      QTest::newRow(name) << QByteArray(from) << QByteArray(to) << QByteArray(error);
    };
    row("cut", "\"conversations\"", "\"conv", "file: not JSON");
    row("of another kind", "tlite-conversations", "x", "file.format: not tlite-conversations");
    row("of a later version", "\"version\": 1", "\"version\": 2", "file.version: not 1");
    row("an id that is a path", "\"id\": \"cccccccccccc\"", "\"id\": \"../../../cccc\"",
        "file.conversations[0].turns.cccccccccccc.id: not an id");
    row("a role", "\"role\": \"user\"", "\"role\": \"root\"",
        "file.conversations[0].turns.cccccccccccc.role: not user or assistant");
    row("content of another type", "\"content\": \"вопрос\"", "\"content\": 5",
        "file.conversations[0].turns.cccccccccccc.content: not a string");
    row("a parent that comes later", "\"parent\": null", "\"parent\": \"bbbbbbbbbbbb\"",
        "file.conversations[0].turns.cccccccccccc.parent: no turn before this one");
    row("no leaf", "\"leaf\": \"000000000000\"", "\"leaf\": \"dddddddddddd\"",
        "file.conversations[0].leaf: no turn of this conversation");
    row("alternatives", "\"alternatives\": 5", "\"alternatives\": 21",
        "file.conversations[0].settings.parameters.alternatives: out of range");
    row("thinking", "\"thinking\": \"default\"", "\"thinking\": \"hard\"",
        "file.conversations[0].settings.parameters.thinking: not one of default, on, off");
    row("a number", "\"numbers\": {}", "\"numbers\": {\"top_p\": 2}",
        "file.conversations[0].settings.parameters.numbers.top_p: out of range");
    row("an empty stop string", "\"stop\": []", "\"stop\": [\"\"]",
        "file.conversations[0].settings.parameters.stop[0]: empty");
  }
  void a_bad_file_is_refused_by_place() {
    QFETCH(QByteArray, from);
    QFETCH(QByteArray, to);
    QFETCH(QByteArray, error);
    QByteArray text = write_conversations({branched()});
    const auto at = text.indexOf(from);
    QVERIFY(at >= 0);
    text.replace(at, from.size(), to);
    try {
      read_conversations(text);
    } catch (const FormatError& refused) {
      QCOMPARE(QByteArray(refused.what()), error);
      return;
    }
    QFAIL("not refused");
  }

  void numbers_are_written_in_the_language() {
    set_language(Language::ru);
    QCOMPARE(say_tokens(1), QString("1 токен"));
    QCOMPARE(say_tokens(3), QString("3 токена"));
    QCOMPARE(say_tokens(11), QString("11 токенов"));
    QCOMPARE(say_tokens(22), QString("22 токена"));
    QCOMPARE(say_tokens(112), QString("112 токенов"));
    QCOMPARE(write(1.50, 2), QString("1,5"));
    set_language(Language::en);
    QCOMPARE(say_tokens(1), QString("1 token"));
    QCOMPARE(write(1234.5, 1), QString("1,234.5"));
    QCOMPARE(write_percent(0.5), QString("50%"));
    QCOMPARE(write_percent(0.0123), QString("1.23%"));
    QCOMPARE(write_bytes(4.4e9), QString("4.4 GB"));
  }
};

}  // namespace

std::unique_ptr<QObject> units_test() { return std::make_unique<UnitsTest>(); }

}  // namespace desktop_test

#include "units_test.moc"

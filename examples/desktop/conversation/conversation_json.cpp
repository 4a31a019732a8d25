#include "conversation_json.hpp"

#include <QRegularExpression>
#include <array>
#include <cmath>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace desktop {
namespace {

// The order of turns is that of the object's keys, as in a browser.
using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "tlite-conversations";
constexpr int kVersion = 1;
constexpr std::array<const char*, 8> kOutcomes{"",        "running",     "done",   "length",
                                               "stopped", "interrupted", "failed", "edited"};
constexpr std::array<const char*, 3> kThinking{"default", "on", "off"};

// Writing.

Json text(const QString& value) { return Json(value.toStdString()); }

Json id_or_null(const QString& id) { return id.isEmpty() ? Json(nullptr) : text(id); }

Json scored(const ScoredText& token) {
  Json json{{"text", text(token.text)}, {"logprob", token.logprob}};
  if (token.bytes.isEmpty()) return json;
  json["bytes"] = Json::array();
  for (const char byte : token.bytes) json["bytes"].push_back(static_cast<unsigned char>(byte));
  return json;
}

Json token_json(const Token& token) {
  Json json = scored(token);
  json["alternatives"] = Json::array();
  for (const ScoredText& each : token.alternatives) json["alternatives"].push_back(scored(each));
  return json;
}

void write_answer(const Turn& turn, Json& json) {
  json["outcome"] = kOutcomes[static_cast<std::size_t>(turn.outcome)];
  if (!turn.failure.isEmpty()) {
    json["failure"] = {{"kind", "server"}, {"message", text(turn.failure)}};
  }
  if (!turn.reasoning.isEmpty()) json["reasoning"] = text(turn.reasoning);
  if (!turn.model.isEmpty()) json["model"] = text(turn.model);
  if (turn.usage) {
    json["usage"] = {{"prompt", turn.usage->prompt},
                     {"cached", turn.usage->cached},
                     {"completion", turn.usage->completion}};
  }
  if (turn.timing) {
    json["timing"] = {{"firstToken", turn.timing->first_token}, {"total", turn.timing->total}};
    if (turn.timing->thinking) json["timing"]["thinking"] = *turn.timing->thinking;
  }
  for (const Token& token : turn.tokens) json["tokens"].push_back(token_json(token));
}

Json turn_json(const Turn& turn) {
  Json json{{"id", text(turn.id)},
            {"parent", id_or_null(turn.parent)},
            {"role", turn.role == Role::user ? "user" : "assistant"},
            {"content", text(turn.content)},
            {"created", turn.created}};
  if (turn.role == Role::assistant) write_answer(turn, json);
  return json;
}

Json settings_json(const Settings& settings) {
  const Parameters& parameters = settings.parameters;
  Json numbers = Json::object();
  for (std::size_t i = 0; i < kNumberParameters.size(); ++i) {
    if (parameters.numbers[i]) numbers[kNumberParameters[i].name] = *parameters.numbers[i];
  }
  Json stop = Json::array();
  for (const QString& each : parameters.stop) stop.push_back(text(each));
  return {{"model", text(settings.model)},
          {"system", text(settings.system)},
          {"parameters",
           {{"numbers", std::move(numbers)},
            {"stop", std::move(stop)},
            {"thinking", kThinking[static_cast<std::size_t>(parameters.thinking)]},
            {"alternatives", parameters.alternatives}}}};
}

Json conversation_json(const Conversation& conversation) {
  Json turns = Json::object();
  for (const Turn& turn : conversation.turns) turns[turn.id.toStdString()] = turn_json(turn);
  return {{"id", text(conversation.id)},
          {"title", text(conversation.title)},
          {"created", conversation.created},
          {"updated", conversation.updated},
          {"settings", settings_json(conversation.settings)},
          {"turns", std::move(turns)},
          {"leaf", id_or_null(conversation.leaf)}};
}

// Reading: a value and its place in the file, so that an error can name it.

class Place {
 public:
  Place(const Json& json, std::string path) : json_(json), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& wanted) const {
    throw FormatError(path_ + ": " + wanted);
  }
  const Json& json() const { return json_; }
  bool has(const char* name) const { return json_.is_object() && json_.contains(name); }
  // A field; null where it is not there.
  Place at(const char* name) const {
    static const Json kNull;
    if (!json_.is_object()) fail("not an object");
    const auto found = json_.find(name);
    return {found == json_.end() ? kNull : *found, path_ + "." + name};
  }
  Place entry(const std::string& key, const Json& value) const {
    return {value, path_ + "." + key};
  }
  Place element(std::size_t index) const {
    return {json_[index], path_ + "[" + std::to_string(index) + "]"};
  }
  std::size_t list_size() const {
    if (!json_.is_array()) fail("not a list");
    return json_.size();
  }
  QString text() const {
    if (!json_.is_string()) fail("not a string");
    return QString::fromStdString(json_.get_ref<const std::string&>());
  }
  double number() const {
    if (!json_.is_number()) fail("not a number");
    return json_.get<double>();
  }
  // Doubles of JavaScript may be larger than what they are kept in here.
  qint64 time() const {
    const double value = number();
    if (!(std::abs(value) < 9e15)) fail("out of range");
    return static_cast<qint64>(value);
  }
  int count() const {
    const double value = number();
    if (!(value >= 0 && value <= kHuge)) fail("out of range");
    return static_cast<int>(value);
  }
  // Ids become names of files.
  QString identifier() const {
    static const QRegularExpression kId("\\A[0-9a-f]{12,64}\\z");
    if (!json_.is_string() || !kId.match(text()).hasMatch()) fail("not an id");
    return text();
  }

 private:
  const Json& json_;
  std::string path_;
};

template <std::size_t Size>
std::optional<std::size_t> index_of(const std::array<const char*, Size>& names, const Json& value) {
  for (std::size_t i = 0; i < Size; ++i) {
    if (value == names[i]) return i;
  }
  return std::nullopt;
}

Parameters read_parameters(const Place& place) {
  Parameters parameters;
  const Place numbers = place.at("numbers");
  for (std::size_t i = 0; i < kNumberParameters.size(); ++i) {
    if (!numbers.at(kNumberParameters[i].name).json().is_number()) continue;
    const Place given = numbers.at(kNumberParameters[i].name);
    if (!accepts(kNumberParameters[i], given.number())) given.fail("out of range");
    parameters.numbers[i] = given.number();
  }
  const Place stop = place.at("stop");
  for (std::size_t i = 0; i < stop.list_size(); ++i) {
    const QString each = stop.element(i).text();
    if (each.isEmpty()) stop.element(i).fail("empty");
    parameters.stop += each;
  }
  const auto thinking = index_of(kThinking, place.at("thinking").json());
  if (!thinking) place.at("thinking").fail("not one of default, on, off");
  parameters.thinking = static_cast<Thinking>(*thinking);
  parameters.alternatives = place.at("alternatives").count();
  if (parameters.alternatives > kMostAlternatives) place.at("alternatives").fail("out of range");
  return parameters;
}

ScoredText read_scored(const Place& place) {
  ScoredText scored;
  scored.text = place.at("text").text();
  // A probability above 1 is none.
  scored.logprob = std::min(0.0, place.at("logprob").number());
  if (!place.has("bytes")) return scored;
  const Place bytes = place.at("bytes");
  for (std::size_t i = 0; i < bytes.list_size(); ++i) {
    const int byte = bytes.element(i).count();
    if (byte > 255) bytes.element(i).fail("not a byte");
    scored.bytes += static_cast<char>(byte);
  }
  return scored;
}

QList<Token> read_tokens(const Place& place) {
  QList<Token> tokens;
  for (std::size_t i = 0; i < place.list_size(); ++i) {
    Token token;
    static_cast<ScoredText&>(token) = read_scored(place.element(i));
    const Place alternatives = place.element(i).at("alternatives");
    for (std::size_t k = 0; k < alternatives.list_size(); ++k) {
      token.alternatives += read_scored(alternatives.element(k));
    }
    tokens += token;
  }
  return tokens;
}

void read_answer(const Place& place, Turn& turn) {
  const std::size_t interrupted = static_cast<std::size_t>(Outcome::interrupted);
  turn.outcome =
      static_cast<Outcome>(index_of(kOutcomes, place.at("outcome").json()).value_or(interrupted));
  if (turn.outcome == Outcome::none || turn.outcome == Outcome::running) {
    turn.outcome = Outcome::interrupted;
  }
  if (place.has("failure")) turn.failure = place.at("failure").at("message").text();
  if (place.has("reasoning")) turn.reasoning = place.at("reasoning").text();
  if (place.has("model")) turn.model = place.at("model").text();
  if (place.has("tokens")) turn.tokens = read_tokens(place.at("tokens"));
  if (place.has("usage")) {
    const Place usage = place.at("usage");
    turn.usage = Usage{usage.at("prompt").count(), usage.at("cached").count(),
                       usage.at("completion").count()};
  }
  if (!place.has("timing")) return;
  const Place timing = place.at("timing");
  turn.timing = Timing{timing.at("firstToken").number(), timing.at("total").number()};
  if (timing.has("thinking")) turn.timing->thinking = timing.at("thinking").number();
}

Turn read_turn(const Place& place) {
  Turn turn;
  turn.id = place.at("id").identifier();
  if (!place.at("parent").json().is_null()) turn.parent = place.at("parent").identifier();
  const QString role = place.at("role").text();
  if (role != "user" && role != "assistant") place.at("role").fail("not user or assistant");
  turn.role = role == "user" ? Role::user : Role::assistant;
  turn.content = place.at("content").text();
  turn.created = place.at("created").time();
  if (turn.role == Role::assistant) read_answer(place, turn);
  return turn;
}

// Every turn must come after its parent: then there is no ring, and each reaches a root.
void read_turns(const Place& place, Conversation& conversation) {
  if (!place.json().is_object()) place.fail("not an object");
  for (const auto& [key, value] : place.json().items()) {
    const Place each = place.entry(key, value);
    const Turn turn = read_turn(each);
    if (turn.id.toStdString() != key) each.at("id").fail("not the key it stands under");
    if (find_turn(conversation, turn.id) != nullptr) each.fail("twice");
    if (!turn.parent.isEmpty() && find_turn(conversation, turn.parent) == nullptr) {
      each.at("parent").fail("no turn before this one");
    }
    conversation.turns.append(turn);
  }
}

Conversation read_conversation(const Place& place) {
  Conversation conversation;
  conversation.id = place.at("id").identifier();
  conversation.title = place.at("title").text();
  conversation.created = place.at("created").time();
  conversation.updated = place.at("updated").time();
  const Place settings = place.at("settings");
  conversation.settings = {settings.at("model").text(), settings.at("system").text(),
                           read_parameters(settings.at("parameters"))};
  read_turns(place.at("turns"), conversation);
  const Place leaf = place.at("leaf");
  if (leaf.json().is_null()) return conversation;
  conversation.leaf = leaf.text();
  if (find_turn(conversation, conversation.leaf) == nullptr) {
    leaf.fail("no turn of this conversation");
  }
  return conversation;
}

}  // namespace

QByteArray write_conversations(const QList<Conversation>& conversations) {
  Json list = Json::array();
  for (const Conversation& each : conversations) list.push_back(conversation_json(each));
  const Json file{{"format", kFormat}, {"version", kVersion}, {"conversations", std::move(list)}};
  return QByteArray::fromStdString(file.dump(1));
}

QList<Conversation> read_conversations(const QByteArray& text) {
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  const Place file(json, "file");
  if (json.is_discarded()) file.fail("not JSON");
  if (file.at("format").json() != kFormat) {
    file.at("format").fail(std::string("not ") + kFormat);
  }
  if (file.at("version").json() != kVersion) file.at("version").fail("not 1");
  const Place list = file.at("conversations");
  QList<Conversation> conversations;
  for (std::size_t i = 0; i < list.list_size(); ++i) {
    conversations += read_conversation(list.element(i));
  }
  return conversations;
}

}  // namespace desktop

#include "chats.hpp"

#include <algorithm>
#include <utility>

namespace desktop {
namespace {

// Milliseconds from a change to its write; while an answer grows there are many.
constexpr int kSaveSoon = 200;
constexpr int kSaveLater = 2000;

double seconds(const QElapsedTimer& since) {
  return static_cast<double>(since.nsecsElapsed()) * 1e-9;
}

}  // namespace

Chats::Chats(EngineThread& engine, ConversationStore& store, const Settings& settings)
    : engine_(engine), store_(store) {
  const Conversation first = new_conversation(settings);
  open_.insert(first.id, first);
  current_ = first.id;
  save_timer_.setSingleShot(true);
  save_timer_.callOnTimeout(this, [this] { save_now(); });
  connect(&engine, &EngineThread::stepped, this, [this](const QList<AnswerStep>& steps) {
    for (const AnswerStep& step : steps) take(step);
  });
  connect(&store, &ConversationStore::opened, this, &Chats::opened);
  connect(&store, &ConversationStore::listed, this, &Chats::put_summaries);
  connect(&store, &ConversationStore::imported, this, &Chats::put_summaries);
  connect(&store, &ConversationStore::failed_to_save, this,
          [this](const QString& id, const QString& message) {
            if (open_.contains(id)) failed_.insert(id);
            emit failed_to_save(message);
          });
  connect(&store, &ConversationStore::saved, this,
          [this](const QString& id) { failed_.remove(id); });
}

const Conversation& Chats::current() const { return *open_.constFind(current_); }

bool Chats::is_running(const QString& conversation) const {
  return std::any_of(running_.begin(), running_.end(),
                     [&](const auto& entry) { return entry.second.conversation == conversation; });
}

void Chats::put_summaries(const QList<Summary>& summaries) {
  for (const Summary& each : summaries) {
    const auto same = [&](const Summary& other) { return other.id == each.id; };
    if (std::none_of(summaries_.begin(), summaries_.end(), same)) summaries_ += each;
  }
  std::stable_sort(summaries_.begin(), summaries_.end(),
                   [](const Summary& a, const Summary& b) { return a.updated > b.updated; });
  emit list_changed();
}

void Chats::set_summary(const Conversation& conversation) {
  summaries_.removeIf([&](const Summary& other) { return other.id == conversation.id; });
  put_summaries({summary_of(conversation)});
}

// An empty conversation is not worth keeping.
void Chats::changed(const QString& conversation, bool soon) {
  if (open_[conversation].turns.isEmpty()) return;
  unsaved_.insert(conversation);
  const int delay = soon ? kSaveSoon : kSaveLater;
  if (!save_timer_.isActive() || save_timer_.remainingTime() > delay) save_timer_.start(delay);
}

void Chats::save_now() {
  for (const QString& id : std::exchange(unsaved_, {}) | failed_) store_.save(open_[id]);
}

void Chats::flush() {
  save_timer_.stop();
  save_now();
}

void Chats::start_new() {
  wanted_.clear();
  if (current().turns.isEmpty()) return emit current_changed();
  const Conversation made = new_conversation(current().settings);
  open_.insert(made.id, made);
  current_ = made.id;
  emit current_changed();
}

void Chats::show(const QString& id) {
  wanted_ = id;
  if (!open_.contains(id)) return store_.read(id);
  current_ = id;
  emit current_changed();
}

void Chats::opened(const Conversation& conversation) {
  if (!open_.contains(conversation.id)) open_.insert(conversation.id, conversation);
  if (titles_.contains(conversation.id)) rename(conversation.id, titles_.take(conversation.id));
  if (wanted_ == conversation.id) show(conversation.id);
}

void Chats::rename(const QString& id, const QString& title) {
  if (!open_.contains(id)) {
    titles_[id] = title;
    return store_.read(id);
  }
  open_[id].title = title.trimmed();
  set_summary(open_[id]);
  changed(id, true);
}

void Chats::remove(const QString& id) {
  for (const auto& [answer, running] : running_) {
    if (running.conversation == id) engine_.stop(answer);
  }
  unsaved_.remove(id);
  failed_.remove(id);
  store_.remove(id);
  summaries_.removeIf([&](const Summary& each) { return each.id == id; });
  emit list_changed();
  if (id != current_) {
    open_.remove(id);
    return;
  }
  const Conversation made = new_conversation(current().settings);
  open_.remove(id);
  open_.insert(made.id, made);
  current_ = made.id;
  emit current_changed();
}

bool Chats::answer(const QString& parent) {
  if (!has_model() || is_running()) return false;
  Conversation& conversation = open_[current_];
  Turn turn;
  turn.id = new_id();
  turn.parent = parent;
  turn.role = Role::assistant;
  turn.created = now();
  turn.outcome = Outcome::running;
  turn.model = model_.name;
  append_turn(conversation, turn);
  conversation.settings.model = model_.name;
  const AnswerId id = ++last_answer_;
  Running& running = running_[id];
  running.conversation = current_;
  running.turn = turn.id;
  running.since.start();
  engine_.answer({id, messages_for(conversation, parent), conversation.settings.parameters});
  set_summary(conversation);
  changed(current_, true);
  emit path_changed();
  emit running_changed();
  return true;
}

bool Chats::say(const QString& content) {
  if (!has_model() || is_running()) return false;
  Turn turn;
  turn.id = new_id();
  turn.parent = current().leaf;
  turn.content = content;
  turn.created = now();
  append_turn(open_[current_], turn);
  return answer(turn.id);
}

void Chats::edit(const QString& turn, const QString& content) {
  const Turn* const old = find_turn(current(), turn);
  if (old == nullptr || is_running()) return;
  Turn edited;
  edited.id = new_id();
  edited.parent = old->parent;
  edited.role = old->role;
  edited.content = content;
  edited.created = now();
  if (edited.role == Role::assistant) edited.outcome = Outcome::edited;
  append_turn(open_[current_], edited);
  if (edited.role == Role::user && answer(edited.id)) return;
  set_summary(current());
  changed(current_, true);
  emit path_changed();
}

void Chats::regenerate(const QString& turn) {
  const Turn* const old = find_turn(current(), turn);
  if (old != nullptr && !old->parent.isEmpty()) answer(QString(old->parent));
}

void Chats::stop() {
  for (const auto& [answer, running] : running_) {
    if (running.conversation == current_) engine_.stop(answer);
  }
}

void Chats::select_branch(const QString& turn) {
  desktop::select_branch(open_[current_], turn);
  changed(current_, true);
  emit path_changed();
}

void Chats::set_settings(const Settings& settings) {
  if (current().settings == settings) return;
  open_[current_].settings = settings;
  changed(current_, true);
  emit settings_changed();
}

void Chats::set_model(const LoadedModel& model) {
  model_ = model;
  emit running_changed();
}

void Chats::finish(Running& running, Turn& turn, const AnswerEnd& end) {
  turn.outcome = end.outcome;
  turn.failure = end.failure;
  turn.usage = end.usage;
  const double total = seconds(running.since);
  if (running.first_token < 0) return;
  // A slice of the engine's may have brought many tokens at once: what it has measured is closer.
  const double before = total - end.decode_seconds;
  turn.timing = Timing{std::clamp(before, 0.0, running.first_token), total};
  if (running.thought) {
    turn.timing->thinking = running.first_content < 0 ? total : running.first_content;
  }
}

void Chats::take(const AnswerStep& step) {
  const auto at = running_.find(step.id);
  if (at == running_.end()) return;
  Running& running = at->second;
  const QString conversation = running.conversation;
  Turn* const turn =
      open_.contains(conversation) ? find_turn(open_[conversation], running.turn) : nullptr;
  if (turn != nullptr) {
    turn->reasoning += step.reasoning;
    turn->content += step.content;
    turn->tokens += step.tokens;
    running.thought = running.thought || !step.reasoning.isEmpty();
    const bool said = !step.content.isEmpty() || !step.reasoning.isEmpty();
    if (said && running.first_token < 0) running.first_token = seconds(running.since);
    if (!step.content.isEmpty() && running.first_content < 0) {
      running.first_content = seconds(running.since);
    }
    if (step.end) finish(running, *turn, *step.end);
    changed(conversation, step.end.has_value());
    if (conversation == current_) emit turn_changed(turn->id);
  }
  if (!step.end) return;
  running_.erase(at);
  emit running_changed();
}

}  // namespace desktop

// Characters of a game: many on one engine, one call a frame.
//
//   characters::Cast cast;
//   if (Result opened = cast.open(model, {}); !opened) show(opened.message);
//   characters::Character* smith = cast.add({"Кузнец", world + "Ты — кузнец, ворчишь."}, result);
//   smith->on_sentence = [&](std::string_view text) { subtitles.show(text); };
//   smith->say("Сколько стоит меч?", "Хм. ");       // the answer begins with "Хм. "
//   ...
//   cast.update(frame_end - now);                   // once a frame
//
// Everything happens in update(), on the thread that calls it: no thread of ours goes on behind it.
// A callback may do what it likes with the cast: say, interrupt, note, save, remove; except update,
// destroy or open it anew. A character's answers are those that it would give alone.
//
// C++17 over the C ABI, with no exceptions: a game engine's compiler, its flags and its standard
// library need not be those that libtlite was built with.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <characters/handles.hpp>
#include <characters/sentences.hpp>

namespace characters {

struct CharacterOptions {
  std::string name = {};
  // The system message. What characters have in common stands first, to the byte: it is computed
  // once for all.
  std::string system = {};
  std::int32_t context = 2048;  // tokens of its conversation; the oldest turns are dropped beyond
  // Above so many tokens older turns are put into a summary, between two answers. 0: three quarters
  // of the context; -1: never.
  std::int32_t summarize_above = 0;
  std::int32_t keep_turns = 2;  // which a summary leaves as they are
  std::string summary_request =
      "Кратко перескажи от третьего лица, что было сказано, о чём договорились и что важно "
      "помнить. "
      "Summarize briefly what was said and agreed.";
  std::string summary_heading = "Что было раньше (before): ";
  std::int32_t summary_tokens = 160;
  // Of the answers; unset: the model's own.
  std::int32_t max_new_tokens = TLITE_UNSET;
  float temperature = TLITE_UNSET;
  float top_p = TLITE_UNSET;
  float min_p = TLITE_UNSET;
  std::int32_t top_k = TLITE_UNSET;
  float repetition_penalty = TLITE_UNSET;
  std::vector<std::string> stop = {};  // texts that end an answer and are no part of it
  std::int32_t has_seed = 0;
  std::uint64_t seed = 0;
};

enum class State {
  silent,
  thinking,    // asked, and has not said anything yet
  speaking,    //
  remembering  // silent to the player, at work on a summary
};

class Character {
 public:
  // The host's, empty or not; called in say() for a prefix, else in Cast::update().
  std::function<void(std::string_view text)> on_piece;
  std::function<void(std::string_view sentence)> on_sentence;
  std::function<void(tlite_finish_reason reason)> on_end;  // also CANCELLED, by interrupt
  std::function<void(const Result& why)> on_failed;        // in place of on_end
  std::function<void(std::string_view summary)> on_summary;

  const CharacterOptions& options() const noexcept { return options_; }
  State state() const noexcept { return state_; }
  bool is_busy() const noexcept { return state_ == State::thinking || state_ == State::speaking; }
  // The answer that is being made, or the last one.
  const std::string& answer() const noexcept { return answer_; }
  std::int32_t conversation_tokens() const noexcept { return conversation_tokens_; }
  // Of the last answer that came to its end: tokens of its prompt, and those of them that were there
  // already, computed for an earlier answer or for another character.
  std::int32_t prompt_tokens() const noexcept { return prompt_tokens_; }
  std::int32_t cached_tokens() const noexcept { return cached_tokens_; }

  // The player says something. What the character is saying is interrupted; its answer begins with
  // `prefix`, if any ("*улыбается* "), and goes on from there.
  Result say(std::string_view text, std::string_view prefix = {}) {
    interrupt();
    if (removed_)
      return {TLITE_ERROR_BAD_STATE, "the character was removed when it was interrupted"};
    stop_remembering();
    return begin(text, prefix);
  }

  // Ends the answer where it is; what was said stays in the conversation.
  void interrupt() {
    if (!is_busy()) return;
    stream_.reset();
    end(TLITE_FINISH_CANCELLED);
  }

  // Something that it knows or feels from its next answer on: "[Настроение: злой]". It stands
  // behind the player's words, so that nothing in front is computed again. Of more notes than the
  // context has room for the oldest are forgotten.
  void note(std::string_view text) {
    if (!note_.empty()) note_ += '\n';
    note_ += text;
  }

  // The conversation as JSON, without the system message, which is the game's: a newer version of
  // the game may have another. Not while it is busy: BAD_STATE.
  Result save(std::string& json) const {
    if (is_busy()) return busy("save");
    MessagesHandle all;
    Result result = copy(all);
    if (!result) return result;
    MessagesHandle turns;
    result = select(*all, 1, turns);
    if (!result) return result;
    tlite_string* made = nullptr;
    result =
        result_of([&](tlite_error** e) { return tlite_messages_to_json(turns.get(), &made, e); });
    const StringHandle text(made);
    if (!result) return result;
    std::size_t size = 0;
    const char* const data = tlite_string_data(text.get(), &size);
    json.assign(data, size);
    return result;
  }

  // In place of its conversation. On an error it stays as it is.
  Result load(std::string_view json) {
    if (is_busy()) return busy("load");
    tlite_messages* made = nullptr;
    Result result = result_of(
        [&](tlite_error** e) { return tlite_messages_parse(json.data(), json.size(), &made, e); });
    const MessagesHandle turns(made);
    if (!result) return result;
    stop_remembering();
    return replace(*turns, 0, {});
  }

  // Forgets all but who it is.
  Result reset() { return load("[]"); }

 private:
  friend class Cast;
  explicit Character(CharacterOptions options) : options_(std::move(options)) {
    answer_.reserve(4096);
  }

  static Result busy(const char* verb) {
    return {TLITE_ERROR_BAD_STATE,
            std::string("a character that is answering cannot ") + verb + ": interrupt it first"};
  }

  Result open(const tlite_engine* engine) {
    tlite_session_options options;
    tlite_session_options_init(&options, sizeof options);
    options.context = options_.context;
    options.overflow = TLITE_OVERFLOW_DROP_OLDEST;
    tlite_session* made = nullptr;
    Result result = result_of(
        [&](tlite_error** e) { return tlite_engine_create_session(engine, &options, &made, e); });
    session_.reset(made);
    if (result) result = add(session_.get(), "system", options_.system);
    if (result) result = set_sampling(session_.get(), options_.max_new_tokens, options_.stop);
    return result;
  }

  Result set_sampling(tlite_session* session, std::int32_t max_new_tokens,
                      const std::vector<std::string>& stop) const {
    tlite_sampling_params params;
    tlite_sampling_params_init(&params, sizeof params);
    Result result =
        result_of([&](tlite_error** e) { return tlite_session_get_sampling(session, &params, e); });
    if (!result) return result;
    params.max_new_tokens = max_new_tokens;
    const auto set = [](auto& field, auto value) {
      if (value != static_cast<decltype(value)>(TLITE_UNSET)) field = value;
    };
    set(params.temperature, options_.temperature);
    set(params.top_p, options_.top_p);
    set(params.min_p, options_.min_p);
    set(params.top_k, options_.top_k);
    set(params.repetition_penalty, options_.repetition_penalty);
    std::vector<tlite_text> texts;
    for (const std::string& each : stop) texts.push_back({each.data(), each.size()});
    if (!texts.empty()) {
      params.stop = texts.data();
      params.stop_count = texts.size();
    }
    params.has_seed = options_.has_seed;
    params.seed = options_.seed;
    return result_of(
        [&](tlite_error** e) { return tlite_session_set_sampling(session, &params, e); });
  }

  static Result add(tlite_session* session, std::string_view role, std::string_view content) {
    const tlite_message message = message_of(role, content);
    return result_of(
        [&](tlite_error** e) { return tlite_session_add_message(session, &message, e); });
  }

  // Notes pile up while nobody talks: the older half of them goes until the rest has room.
  Result begin(std::string_view text, std::string_view prefix) {
    std::string_view note = note_;
    Result result = ask(text, note, prefix);
    while (result.status == TLITE_ERROR_CONTEXT_FULL) {
      note = newer_half(note);
      if (note.empty()) return result;  // the newest alone is too long, or the text is
      result = ask(text, note, prefix);
    }
    if (!result) return result;
    note_.clear();
    answer_.clear();
    sentences_.clear();
    state_ = State::thinking;
    ++turn_;
    if (!prefix.empty()) hear(prefix);
    return result;
  }

  // Of lines; none of one.
  static std::string_view newer_half(std::string_view lines) {
    const std::size_t middle = lines.find('\n', lines.size() / 2);
    const std::size_t end = middle == lines.npos ? lines.rfind('\n') : middle;
    return end == lines.npos ? std::string_view() : lines.substr(end + 1);
  }

  Result ask(std::string_view text, std::string_view note, std::string_view prefix) {
    const std::size_t before = count();
    Result result = add(session_.get(), "user", text);
    if (result && !note.empty()) result = add(session_.get(), "system", note);
    if (result && !prefix.empty()) result = add(session_.get(), "assistant", prefix);
    if (result) result = start(session_.get(), !prefix.empty());
    if (!result) {
      // As if nothing had been said.
      (void)result_of(
          [&](tlite_error** e) { return tlite_session_rewind(session_.get(), before, e); });
    }
    return result;
  }

  Result start(tlite_session* session, bool goes_on) {
    tlite_stream* made = nullptr;
    Result result = result_of([&](tlite_error** e) {
      return goes_on ? tlite_session_stream_continue(session, &made, e)
                     : tlite_session_stream(session, &made, e);
    });
    stream_.reset(made);
    return result;
  }

  // Once a frame: what the engine has made of the answer. The callbacks may start another one, or
  // end this one: then it is over here.
  void take() {
    const std::uint64_t turn = turn_;
    while (turn == turn_ && stream_ != nullptr) {
      const tlite_piece* piece = nullptr;
      std::int32_t finished = 0;
      const Result result = result_of(
          [&](tlite_error** e) { return tlite_stream_poll(stream_.get(), &piece, &finished, e); });
      if (!result) return fail(result);
      if (piece != nullptr) {
        hear(view(piece->text));
      } else if (finished != 0) {
        return finish();
      } else {
        return;
      }
    }
  }

  void hear(std::string_view text) {
    if (state_ == State::remembering) {
      summary_.append(text);
      return;
    }
    if (text.empty()) return;
    state_ = State::speaking;
    const std::uint64_t turn = turn_;
    const std::size_t begin = answer_.size();
    answer_.append(text);
    // From here on `text` may be gone: a callback may have freed what it belongs to.
    const std::string piece = answer_.substr(begin);
    if (on_piece) on_piece(piece);
    if (turn != turn_) return;
    sentences_.push(piece, [&](std::string_view sentence) {
      if (turn == turn_ && on_sentence) on_sentence(sentence);
    });
  }

  void finish() {
    tlite_generation* made = nullptr;
    const Result result = result_of(
        [&](tlite_error** e) { return tlite_stream_get_result(stream_.get(), &made, e); });
    const GenerationHandle generation(made);
    stream_.reset();
    if (!result) return fail(result);
    if (state_ == State::remembering) return remember();
    prompt_tokens_ = generation->prompt_tokens;
    cached_tokens_ = generation->cached_tokens;
    conversation_tokens_ =
        generation->prompt_tokens + static_cast<std::int32_t>(generation->token_count);
    end(generation->finish_reason);
  }

  void end(tlite_finish_reason reason) {
    state_ = State::silent;
    const std::uint64_t turn = ++turn_;
    sentences_.flush([&](std::string_view sentence) {
      if (on_sentence) on_sentence(sentence);
    });
    if (turn == turn_ && on_end) on_end(reason);
  }

  void fail(const Result& why) {
    stream_.reset();
    scratch_.reset();
    const bool was_busy = is_busy();
    state_ = State::silent;
    ++turn_;
    sentences_.clear();
    if (was_busy && on_failed) on_failed(why);  // a summary that failed is tried again later
  }

  // ---- memory

  std::int32_t most_tokens() const noexcept {
    if (options_.summarize_above != 0) return options_.summarize_above;
    return options_.context / 4 * 3;
  }

  bool wants_to_remember() const noexcept {
    return state_ == State::silent && options_.summarize_above >= 0 &&
           conversation_tokens_ > most_tokens();
  }

  // A fork of the conversation is asked for a summary, while nobody speaks with this one.
  void start_remembering() {
    conversation_tokens_ = 0;  // asked once an answer
    tlite_session* made = nullptr;
    Result result =
        result_of([&](tlite_error** e) { return tlite_session_fork(session_.get(), &made, e); });
    scratch_.reset(made);
    if (result) result = set_sampling(scratch_.get(), options_.summary_tokens, {});
    if (result) result = add(scratch_.get(), "user", options_.summary_request);
    if (result) result = start(scratch_.get(), false);
    if (!result) return scratch_.reset();
    summary_.clear();
    state_ = State::remembering;
    ++turn_;
  }

  void stop_remembering() {
    if (state_ != State::remembering) return;
    stream_.reset();
    scratch_.reset();
    state_ = State::silent;
    ++turn_;
  }

  void remember() {
    scratch_.reset();
    state_ = State::silent;
    ++turn_;
    MessagesHandle all;
    if (summary_.empty() || !copy(all)) return;
    const std::size_t from = first_kept(*all);
    if (from > 1 && replace(*all, from, options_.summary_heading + summary_) && on_summary) {
      on_summary(std::string(summary_));
    }
  }

  // The first message of the last keep_turns turns; 1: all are kept.
  std::size_t first_kept(const tlite_messages& all) const {
    std::int32_t turns = 0;
    for (std::size_t i = tlite_messages_count(&all); i > 1; --i) {
      tlite_message message = message_of({}, {});
      if (tlite_messages_get(&all, i - 1, &message, nullptr) != TLITE_OK) return 1;
      if (view(message.role) == "user" && ++turns >= std::max(options_.keep_turns, 1)) return i - 1;
    }
    return 1;
  }

  std::size_t count() const {
    MessagesHandle all;
    return copy(all) ? tlite_messages_count(all.get()) : 0;
  }

  Result copy(MessagesHandle& out) const {
    tlite_messages* made = nullptr;
    Result result = result_of(
        [&](tlite_error** e) { return tlite_session_get_messages(session_.get(), &made, e); });
    out.reset(made);
    return result;
  }

  // Those from `first` on.
  static Result select(const tlite_messages& from, std::size_t first, MessagesHandle& out) {
    tlite_messages* made = nullptr;
    Result result = result_of([&](tlite_error** e) { return tlite_messages_create(&made, e); });
    out.reset(made);
    return result ? append(from, first, *out) : result;
  }

  static Result append(const tlite_messages& from, std::size_t first, tlite_messages& to) {
    Result result;
    for (std::size_t i = first; result && i < tlite_messages_count(&from); ++i) {
      tlite_message message = message_of({}, {});
      result =
          result_of([&](tlite_error** e) { return tlite_messages_get(&from, i, &message, e); });
      if (result) {
        result = result_of([&](tlite_error** e) { return tlite_messages_add(&to, &message, e); });
      }
    }
    return result;
  }

  // Its conversation from now on: who it is, `summary` if any, and messages from `first` on.
  Result replace(const tlite_messages& from, std::size_t first, std::string_view summary) {
    tlite_messages* made = nullptr;
    Result result = result_of([&](tlite_error** e) { return tlite_messages_create(&made, e); });
    const MessagesHandle next(made);
    const auto put = [&](std::string_view text) {
      const tlite_message message = message_of("system", text);
      return result_of(
          [&](tlite_error** e) { return tlite_messages_add(next.get(), &message, e); });
    };
    if (result) result = put(options_.system);
    if (result && !summary.empty()) result = put(summary);
    if (result) result = append(from, first, *next);
    if (!result) return result;
    return result_of(
        [&](tlite_error** e) { return tlite_session_set_messages(session_.get(), next.get(), e); });
  }

  CharacterOptions options_;
  SessionHandle session_;
  SessionHandle scratch_;  // while it remembers
  StreamHandle stream_;
  State state_ = State::silent;
  std::string answer_;
  std::string summary_;
  Sentences sentences_;
  std::string note_;
  std::uint64_t turn_ = 0;  // of answers that began or ended
  std::int32_t conversation_tokens_ = 0;
  std::int32_t prompt_tokens_ = 0;
  std::int32_t cached_tokens_ = 0;
  bool removed_ = false;
};

struct CastOptions {
  std::int32_t context = 8192;    // tokens in memory, of all characters together
  std::int32_t max_speakers = 4;  // at once; others wait
  // Tokens of prompts worked on at once. More are a little faster, take more memory, and make one
  // unit of work longer.
  std::int32_t max_batch_rows = 128;
  std::int32_t threads = TLITE_UNSET;
};

class Cast {
 public:
  // The engine with all its memory. `model` may be freed after. Characters that there were go.
  Result open(const tlite_model* model, const CastOptions& given) {
    characters_.clear();
    engine_.reset();
    tlite_engine_options options;
    tlite_engine_options_init(&options, sizeof options);
    options.context = given.context;
    options.max_sequences = given.max_speakers;
    options.max_batch_rows = given.max_batch_rows;
    options.threads = given.threads;
    options.embeddings = 0;
    tlite_engine* made = nullptr;
    Result result =
        result_of([&](tlite_error** e) { return tlite_engine_create(model, &options, &made, e); });
    engine_.reset(made);
    return result;
  }

  // Null where `result` says why. It lives until it is removed, or the cast is opened or destroyed.
  Character* add(CharacterOptions options, Result& result) {
    std::unique_ptr<Character> made(new Character(std::move(options)));
    result = made->open(engine_.get());
    if (!result) return nullptr;
    characters_.push_back(std::move(made));
    return characters_.back().get();
  }

  // Silent from here on, and freed by the next update: what asked for it may be a callback of a call
  // on the character itself.
  void remove(Character* character) {
    for (const auto& each : characters_) {
      if (each.get() != character) continue;
      each->stream_.reset();
      each->state_ = State::silent;
      ++each->turn_;
      each->removed_ = true;
    }
  }

  // Has the engine work through who a character is before anybody speaks with it: on a loading
  // screen. What characters have in common is worked through once.
  Result prepare(const Character& character) {
    MessagesHandle messages;
    tlite_messages* made = nullptr;
    Result result = result_of([&](tlite_error** e) { return tlite_messages_create(&made, e); });
    messages.reset(made);
    const tlite_message system = message_of("system", character.options().system);
    if (result) {
      result = result_of([&](tlite_error** e) { return tlite_messages_add(made, &system, e); });
    }
    tlite_sampling_params nothing;
    tlite_sampling_params_init(&nothing, sizeof nothing);
    nothing.max_new_tokens = 0;
    tlite_request_options options;
    tlite_request_options_init(&options, sizeof options);
    options.sampling = &nothing;
    options.priority = -1;  // behind who speaks
    if (!result) return result;
    std::int64_t request = 0;
    result = result_of([&](tlite_error** e) {
      return tlite_engine_submit_messages(engine_.get(), made, &options, &request, e);
    });
    preparing_ += result ? 1 : 0;
    return result;
  }
  bool is_preparing() const noexcept { return preparing_ > 0; }

  // Once a frame, with the time that is left for it: 4 ms of a game in play, 14 of a loading
  // screen, 0 or less where the frame is late and nothing but what there is already is told. It may
  // be exceeded by one unit of work, some tenths of a millisecond up to two on a slow core. On an
  // error nothing is lost: the next call tries again.
  Result update(std::chrono::nanoseconds budget) {
    if (updating_) return {TLITE_ERROR_BAD_STATE, "update was called by a callback of update"};
    sweep();
    Result result;
    if (budget.count() > 0 && engine_ != nullptr) {
      result = result_of([&](tlite_error** e) {
        return tlite_engine_step(engine_.get(), budget.count(), nullptr, e);
      });
    }
    updating_ = true;
    if (preparing_ > 0) take_prepared();
    // By index: a callback may add characters.
    for (std::size_t i = 0; i < characters_.size(); ++i) {
      Character& each = *characters_[i];
      if (!each.removed_) each.take();
      if (!each.removed_ && each.wants_to_remember()) each.start_remembering();
    }
    updating_ = false;
    sweep();
    return result;
  }

  const std::vector<std::unique_ptr<Character>>& characters() const noexcept { return characters_; }
  tlite_engine* engine() const noexcept { return engine_.get(); }

 private:
  void take_prepared() {
    tlite_engine_event* event = nullptr;
    while (tlite_engine_poll(engine_.get(), &event, nullptr) == TLITE_OK && event != nullptr) {
      if (event->finish_reason != TLITE_FINISH_NONE) --preparing_;
      tlite_engine_event_free(event);
    }
  }
  void sweep() {
    characters_.erase(std::remove_if(characters_.begin(), characters_.end(),
                                     [](const auto& each) { return each->removed_; }),
                      characters_.end());
  }

  EngineHandle engine_;
  std::vector<std::unique_ptr<Character>> characters_;
  std::int32_t preparing_ = 0;
  bool updating_ = false;
};

}  // namespace characters

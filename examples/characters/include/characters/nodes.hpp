// What nodes of a game engine do, whichever engine it is: a ModelNode has a model and a cast, a
// CharacterNode is somebody in it. A binding (examples/game-godot) adds the engine's types.
//
// A scene frees its nodes in any order, from signals of their own, and some of its threads call what
// others use. Therefore
// - a binding holds both by shared_ptr, a copy of which it keeps for the length of a call, and calls
//   leave() when the engine frees the node: nothing is called back after;
// - one thread at a time is in a model and its characters, and may come again in a callback. Another
//   gets BAD_STATE, never waits, and nothing has happened;
// - what a callback takes away (a character, a model, all of it) is silent at once and is freed when
//   the outermost call ends.
// A model may be closed and loaded again, or another in its place: conversations stay.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <characters/cast.hpp>
#include <characters/host.hpp>
#include <characters/loader.hpp>

namespace characters {

enum class Phase { empty, loading, ready, failed };

class ModelNode;

class CharacterNode : public std::enable_shared_from_this<CharacterNode> {
 public:
  // The binding's, set before anything else; empty or not. Called on the thread that steps the model
  // or calls say, load, interrupt.
  std::function<void(std::string_view text)> on_piece;
  std::function<void(std::string_view sentence)> on_sentence;
  std::function<void(tlite_finish_reason reason)> on_finished;
  std::function<void(const Result& why)> on_failed;
  std::function<void(std::string_view summary)> on_summary;
  // The model was closed or freed in the middle of an answer. Called while that goes on: to be
  // passed on to the game later.
  std::function<void(std::string_view answer)> on_cut;

  struct Look {
    State state = State::silent;
    std::string answer = {};
    std::int32_t prompt_tokens = 0;  // of the last answer that came to its end, and these two
    std::int32_t cached_tokens = 0;
    std::int32_t conversation_tokens = 0;
  };

  // From any thread, at any time; they count from the next say() on.
  CharacterOptions options() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return options_;
  }
  void set_options(CharacterOptions options) {
    const std::lock_guard<std::mutex> lock(mutex_);
    options_ = std::move(options);
    ++options_version_;
  }
  std::shared_ptr<ModelNode> model() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return model_;
  }

  // Becomes one of the model's, with its conversation where it was another's. Null: nobody's.
  Result join(const std::shared_ptr<ModelNode>& model);
  // See Character. While the model is loading, what is said last waits for it. An error that the
  // world makes (the model failed, the text is too long) is told by on_failed, too.
  Result say(std::string_view text, std::string_view prefix);
  Result interrupt();
  Result note(std::string_view text);
  Result prepare();
  Result save(std::string& json) const;
  Result load(const std::string& json);
  Result look(Look& out) const;
  // The engine frees the node.
  void leave();

 private:
  friend class ModelNode;

  template <class Call>
  Result with_model(Call&& call) const;
  Result open(Cast& cast);
  Result begin(ModelNode& model, std::string_view text, std::string_view prefix);
  void begin_waiting(ModelNode& model);
  void listen();
  void shelve();
  void cut();
  Result failed(const Result& why) const {
    if (!is_gone_ && on_failed) on_failed(why);
    return why;
  }

  mutable std::mutex mutex_;  // of these three, for some instructions at a time
  CharacterOptions options_;
  std::uint64_t options_version_ = 0;
  std::shared_ptr<ModelNode> model_;

  std::atomic<bool> is_gone_{false};

  // What is below belongs to who is in the model.
  Character* character_ = nullptr;  // once it has spoken, and then of cast_
  Cast* cast_ = nullptr;
  bool is_muted_ = false;
  std::uint64_t opened_version_ = 0;
  std::string conversation_ = "[]";  // while there is no character_, and this
  std::string answer_;
  std::string note_;
  bool is_waiting_ = false;  // for the model to be loaded, with these
  std::string waiting_text_;
  std::string waiting_prefix_;
  bool wants_prepare_ = false;
};

class ModelNode : public std::enable_shared_from_this<ModelNode> {
 public:
  std::function<void()> on_loaded;
  std::function<void()> on_prepared;
  std::function<void(const Result& why)> on_failed;

  // Begins to load on a thread, in place of what there is; step() tells how it ended.
  Result load(const std::string& path, const CastOptions& options) {
    const Use use(*this);
    if (!use) return in_use();
    retire();
    auto play = std::make_unique<Play>();
    Result result = open_host(play->host);
    if (result) {
      Cast& cast = play->cast;
      result = play->loader.start(
          play->host.get(), path,
          [&cast, options](const tlite_model* model) { return cast.open(model, options); });
    }
    failure_ = result;
    phase_ = result ? Phase::loading : Phase::failed;
    if (result) play_ = std::move(play);
    return result;
  }

  Result close() {
    const Use use(*this);
    if (!use) return in_use();
    retire();
    return {};
  }

  // Once a frame, see Cast::update.
  Result step(std::chrono::nanoseconds budget) {
    const Use use(*this);
    if (!use) return in_use();
    if (depth_ > 1)
      return {TLITE_ERROR_BAD_STATE, "step was called by a signal of a step or a say"};
    if (phase_ == Phase::loading && play_->loader.is_done()) open();
    if (phase_ != Phase::ready) return {};
    Play& play = *play_;
    // By index: a callback may have others join.
    for (std::size_t i = 0; i < characters_.size(); ++i) characters_[i]->begin_waiting(*this);
    if (play_.get() != &play) return {};
    Result result = play.cast.update(budget);
    if (play_.get() == &play && play.is_preparing && !play.cast.is_preparing()) {
      play.is_preparing = false;
      if (on_prepared && !is_gone_) on_prepared();
    }
    return result;
  }

  Phase phase() const noexcept { return phase_; }
  // 0 to 1; also 0 where another thread is in the model.
  double progress() {
    if (phase_ == Phase::ready) return 1;
    const Use use(*this);
    return use && play_ != nullptr ? play_->loader.progress() : 0;
  }
  bool is_preparing() {
    const Use use(*this);
    return use && play_ != nullptr && phase_ == Phase::ready && play_->is_preparing;
  }
  Result engine_status(tlite_engine_status& out) {
    const Use use(*this);
    if (!use) return in_use();
    if (phase_ != Phase::ready) return not_ready();
    out.struct_size = sizeof out;
    return result_of([&](tlite_error** error) {
      return tlite_engine_get_status(play_->cast.engine(), &out, error);
    });
  }

  // Memory that a load with these numbers will take, by class, before anything is read.
  static Result plan(const std::string& path, const CastOptions& options, tlite_memory_plan& out) {
    tlite_plan_options sizes;
    tlite_plan_options_init(&sizes, sizeof sizes);
    sizes.context = options.context;
    sizes.max_sequences = options.max_speakers;
    sizes.max_batch_rows = options.max_batch_rows;
    sizes.max_logits_rows = options.max_speakers + kEngineLogitsRows;
    sizes.threads = options.threads;
    out.struct_size = sizeof out;
    return result_of([&](tlite_error** error) {
      return tlite_model_plan(nullptr, path.data(), path.size(), &sizes, &out, error);
    });
  }

  bool is_gone() const noexcept { return is_gone_; }
  // The engine frees the node.
  void leave() {
    is_gone_ = true;
    need_tidy();
  }

 private:
  friend class CharacterNode;

  static constexpr std::int32_t kEngineLogitsRows = 48;  // beside a row a speaker, see tlite.h

  // All that one load has made. The cast first: its engine ends before what it is made of.
  struct Play {
    HostHandle host;
    Cast cast;
    Loader loader;
    bool is_preparing = false;
    bool may_go() const noexcept { return !loader.is_started() || loader.is_done(); }
  };

  // Being in the model; false: another thread is.
  class Use {
   public:
    explicit Use(ModelNode& node) : node_(node.mutex_.try_lock() ? &node : nullptr) {
      if (node_ != nullptr) ++node_->depth_;
    }
    ~Use() {
      if (node_ == nullptr) return;
      const bool is_outermost = node_->depth_ == 1;
      if (is_outermost && (node_->is_untidy_.exchange(false) || !node_->retired_.empty())) {
        node_->tidy();
      }
      --node_->depth_;
      node_->mutex_.unlock();
      // Somebody may have left since, and found the door locked.
      if (is_outermost && node_->is_untidy_) const Use again(*node_);
    }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    explicit operator bool() const noexcept { return node_ != nullptr; }

   private:
    ModelNode* node_;
  };

  // By who is in, or else now.
  void need_tidy() {
    is_untidy_ = true;
    const Use use(*this);
  }

  static Result in_use() {
    return {TLITE_ERROR_BAD_STATE, "another thread is using the model and its characters"};
  }
  Result not_ready() const {
    if (phase_ == Phase::failed) return failure_;
    return {TLITE_ERROR_BAD_STATE, phase_ == Phase::loading ? "the model is still being loaded"
                                                            : "the model is not loaded"};
  }

  void open() {
    ModelHandle model;  // the cast keeps what it needs of it
    const Result result = play_->loader.take(model);
    if (result) {
      phase_ = Phase::ready;
      if (on_loaded && !is_gone_) on_loaded();
      return;
    }
    retired_.push_back(std::move(play_));
    failure_ = result;
    phase_ = Phase::failed;
    if (on_failed && !is_gone_) on_failed(result);
    for (std::size_t i = 0; i < characters_.size(); ++i) {
      if (phase_ == Phase::failed) characters_[i]->begin_waiting(*this);
    }
  }

  // Closes; what is at work goes on to the end of the call.
  void retire() {
    for (const auto& each : characters_) each->cut();
    if (play_ != nullptr) {
      play_->loader.cancel();
      retired_.push_back(std::move(play_));
    }
    phase_ = Phase::empty;
  }

  // Frees what went, when nothing of it is at work. A load that was given up ends on its thread in
  // its own time: waiting for it would cost frames.
  void tidy() {
    if (is_gone_) {
      retire();
      characters_.clear();
    }
    for (const auto& each : characters_) {
      if (each->is_gone_) each->cut();
    }
    const auto is_gone = [this](const auto& each) {
      return each->is_gone_ || each->model().get() != this;
    };
    characters_.erase(std::remove_if(characters_.begin(), characters_.end(), is_gone),
                      characters_.end());
    const auto may_go = [this](const auto& each) { return is_gone_ || each->may_go(); };
    retired_.erase(std::remove_if(retired_.begin(), retired_.end(), may_go), retired_.end());
  }

  std::recursive_mutex mutex_;
  std::atomic<bool> is_gone_{false};
  std::atomic<bool> is_untidy_{false};
  std::atomic<Phase> phase_{Phase::empty};
  // What is below belongs to who is in.
  int depth_ = 0;
  Result failure_;
  std::unique_ptr<Play> play_;
  std::vector<std::unique_ptr<Play>> retired_;
  std::vector<std::shared_ptr<CharacterNode>> characters_;
};

// Runs `call` with the model, once in it.
template <class Call>
Result CharacterNode::with_model(Call&& call) const {
  const std::shared_ptr<ModelNode> model = this->model();
  if (model == nullptr) return {TLITE_ERROR_BAD_STATE, "the character has no model"};
  const ModelNode::Use use(*model);
  if (!use) return ModelNode::in_use();
  if (is_gone_) return {TLITE_ERROR_BAD_STATE, "the character was freed"};
  return call(*model);
}

inline Result CharacterNode::join(const std::shared_ptr<ModelNode>& model) {
  if (this->model() == model) return {};
  if (this->model() != nullptr) {
    const Result left = with_model([&](ModelNode&) {
      cut();
      const std::lock_guard<std::mutex> lock(mutex_);
      model_->is_untidy_ = true;
      model_ = nullptr;
      return Result();
    });
    if (!left) return left;
  }
  if (model == nullptr) return {};
  const ModelNode::Use use(*model);
  if (!use) return ModelNode::in_use();
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    model_ = model;
  }
  auto& all = model->characters_;
  if (std::find(all.begin(), all.end(), shared_from_this()) == all.end()) {
    all.push_back(shared_from_this());
  }
  return {};
}

inline void CharacterNode::listen() {
  character_->on_piece = [this](std::string_view text) {
    if (!is_gone_ && !is_muted_ && on_piece) on_piece(text);
  };
  character_->on_sentence = [this](std::string_view sentence) {
    if (!is_gone_ && !is_muted_ && on_sentence) on_sentence(sentence);
  };
  character_->on_end = [this](tlite_finish_reason reason) {
    if (!is_gone_ && !is_muted_ && on_finished) on_finished(reason);
  };
  character_->on_failed = [this](const Result& why) {
    if (!is_gone_ && !is_muted_ && on_failed) on_failed(why);
  };
  character_->on_summary = [this](std::string_view summary) {
    if (!is_gone_ && !is_muted_ && on_summary) on_summary(summary);
  };
}

// A character of the cast, with the conversation and the options that it has now.
inline Result CharacterNode::open(Cast& cast) {
  CharacterOptions options;
  std::uint64_t version = 0;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    options = options_;
    version = options_version_;
  }
  if (character_ != nullptr && opened_version_ == version) return {};
  shelve();
  Result result;
  Character* const made = cast.add(std::move(options), result);
  if (result && conversation_ != "[]") result = made->load(conversation_);
  if (!result) {
    if (made != nullptr) cast.remove(made);
    return result;
  }
  character_ = made;
  cast_ = &cast;
  opened_version_ = version;
  listen();
  return result;
}

// Leaves the cast quietly, and keeps what was said.
inline void CharacterNode::shelve() {
  if (character_ == nullptr) return;
  is_muted_ = true;
  character_->interrupt();
  std::string json;
  if (!is_gone_ && character_->save(json)) conversation_ = std::move(json);
  answer_ = character_->answer();
  cast_->remove(character_);
  character_ = nullptr;
  cast_ = nullptr;
  is_muted_ = false;
}

// The same where the model goes.
inline void CharacterNode::cut() {
  const bool was_waiting = std::exchange(is_waiting_, false);
  const bool was_busy = was_waiting || (character_ != nullptr && character_->is_busy());
  wants_prepare_ = false;
  shelve();
  if (was_waiting) answer_.clear();
  if (was_busy && !is_gone_ && on_cut) on_cut(answer_);
}

inline Result CharacterNode::say(std::string_view text, std::string_view prefix) {
  return with_model([&](ModelNode& model) {
    Result result = interrupt();
    if (!result) return result;
    if (is_gone_) return Result{TLITE_ERROR_BAD_STATE, "the character was freed"};
    if (model.phase_ != Phase::loading) return begin(model, text, prefix);
    is_waiting_ = true;
    waiting_text_ = text;
    waiting_prefix_ = prefix;
    return result;
  });
}

inline Result CharacterNode::begin(ModelNode& model, std::string_view text,
                                   std::string_view prefix) {
  if (model.phase_ != Phase::ready) return failed(model.not_ready());
  Result result = open(model.play_->cast);
  if (result && !note_.empty()) character_->note(note_);
  if (result) note_.clear();
  if (result) result = character_->say(text, prefix);
  return result ? result : failed(result);
}

// Once the model is there, or will not be.
inline void CharacterNode::begin_waiting(ModelNode& model) {
  if (is_gone_) return;
  if (std::exchange(wants_prepare_, false) && model.phase_ == Phase::ready) {
    if (const Result result = prepare(); !result) (void)failed(result);
  }
  if (!std::exchange(is_waiting_, false)) return;
  const std::string text = std::move(waiting_text_);
  const std::string prefix = std::move(waiting_prefix_);
  (void)begin(model, text, prefix);
}

inline Result CharacterNode::interrupt() {
  return with_model([&](ModelNode&) {
    if (std::exchange(is_waiting_, false)) {
      if (on_finished) on_finished(TLITE_FINISH_CANCELLED);
    } else if (character_ != nullptr) {
      character_->interrupt();
    }
    return Result();
  });
}

inline Result CharacterNode::note(std::string_view text) {
  return with_model([&](ModelNode&) {
    if (!note_.empty()) note_ += '\n';
    note_ += text;
    return Result();
  });
}

inline Result CharacterNode::prepare() {
  return with_model([&](ModelNode& model) {
    if (model.phase_ == Phase::loading) {
      wants_prepare_ = true;
      return Result();
    }
    if (model.phase_ != Phase::ready) return model.not_ready();
    if (character_ != nullptr && character_->is_busy()) return Result();  // it is worked through
    Result result = open(model.play_->cast);
    if (result) result = model.play_->cast.prepare(*character_);
    if (result) model.play_->is_preparing = true;
    return result;
  });
}

inline Result CharacterNode::save(std::string& json) const {
  return with_model([&](ModelNode&) {
    if (character_ != nullptr) return character_->save(json);
    json = conversation_;
    return Result();
  });
}

inline Result CharacterNode::load(const std::string& json) {
  return with_model([&](ModelNode&) {
    if (character_ != nullptr) return character_->load(json);
    tlite_messages* made = nullptr;
    const Result result = result_of([&](tlite_error** error) {
      return tlite_messages_parse(json.data(), json.size(), &made, error);
    });
    tlite_messages_free(made);
    if (result) conversation_ = json;
    return result;
  });
}

inline Result CharacterNode::look(Look& out) const {
  return with_model([&](ModelNode&) {
    if (character_ != nullptr) {
      out = {character_->state(), character_->answer(), character_->prompt_tokens(),
             character_->cached_tokens(), character_->conversation_tokens()};
    }
    if (character_ == nullptr) out.answer = answer_;
    if (is_waiting_) out.state = State::thinking;
    return Result();
  });
}

inline void CharacterNode::leave() {
  is_gone_ = true;
  if (const std::shared_ptr<ModelNode> model = this->model()) model->need_tidy();
}

}  // namespace characters

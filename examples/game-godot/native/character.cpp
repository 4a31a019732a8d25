#include "character.hpp"

#include "model.hpp"

#include <algorithm>
#include <utility>

namespace gdnative {

namespace {

using characters::CharacterNode;
using characters::CharacterOptions;
using characters::ModelNode;
using characters::State;

const char* name_of(State state) {
  switch (state) {
    case State::silent:
      return "silent";
    case State::thinking:
      return "thinking";
    case State::speaking:
      return "speaking";
    case State::remembering:
      return "remembering";
  }
  return "silent";
}

}  // namespace

std::shared_ptr<TliteCharacter> TliteCharacter::make(Object* owner) {
  const std::shared_ptr<TliteCharacter> made(new TliteCharacter(owner));
  if (owner != nullptr) made->listen(made);
  return made;
}

// A handler may free the node: `self` is held for the time of the signal.
void TliteCharacter::listen(const std::weak_ptr<TliteCharacter>& self) {
  const auto teller = [self](const char* signal) {
    return [self, signal](std::string_view text) {
      if (const auto one = self.lock()) one->told_.emit(signal, text);
    };
  };
  node_->on_piece = teller("piece");
  node_->on_sentence = teller("sentence");
  node_->on_summary = teller("summary");
  node_->on_finished = [self](tlite_finish_reason reason) {
    const auto one = self.lock();
    if (one == nullptr) return;
    one->told_.emit("finished", one->look().answer, tlite_finish_reason_name(reason));
  };
  node_->on_cut = [self](std::string_view answer) {
    const auto one = self.lock();
    if (one == nullptr) return;
    const char* const reason = tlite_finish_reason_name(TLITE_FINISH_CANCELLED);
    one->told_.emit_later("finished", answer, reason);
  };
  node_->on_failed = [self](const Result& why) {
    const auto one = self.lock();
    if (one == nullptr) return;
    one->tell(why);
    one->told_.emit("failed", why.message);
  };
}

// Null: there is none.
std::shared_ptr<ModelNode> TliteCharacter::find_model() const {
  if (!model_path_.empty()) {
    const Value path = Value::node_path(model_path_);
    const Value found = call("Node", "get_node_or_null", told_.owner(), {&path});
    return TliteModel::of(Argument(found.get()).as_object());
  }
  Object* above = told_.owner();
  while (above != nullptr) {
    const Value parent = call("Node", "get_parent", above, {});
    above = Argument(parent.get()).as_object();
    if (auto model = TliteModel::of(above)) return model;
  }
  return nullptr;
}

// One of its model's: found when it is first needed, and again where it went.
Result TliteCharacter::with_model() {
  const auto now = node_->model();
  if (now != nullptr && !now->is_gone()) return {};
  const auto found = find_model();
  if (found == nullptr) {
    return {TLITE_ERROR_BAD_STATE,
            model_path_.empty()
                ? "there is no TliteModel above the character, and its `model` is empty"
                : "`model` is " + model_path_ + ", and there is no TliteModel"};
  }
  return node_->join(found);
}

CharacterNode::Look TliteCharacter::look() {
  CharacterNode::Look look;
  if (node_->model() == nullptr) return look;
  const Result result = node_->look(look);
  tell(result);
  if (!result) print_error(result.message, kName);
  return look;
}

template <class Change>
Result TliteCharacter::change(Change&& change) {
  CharacterOptions options = node_->options();
  const Result result = change(options);
  if (result) node_->set_options(std::move(options));
  return result;
}

const std::vector<MethodOf<TliteCharacter>>& TliteCharacter::methods() {
  using Self = TliteCharacter;
  static const std::vector<MethodOf<Self>> all = {
      action<Self>("say", {{"text", kString}, {"prefix", kString}}, 1,
                   [](Self& self, const Arguments& given) {
                     const Result result = self.with_model();
                     return result ? self.node_->say(given.text(0), given.text(1)) : result;
                   }),
      action<Self>("interrupt", {}, 0,
                   [](Self& self, const Arguments&) {
                     return self.node_->model() == nullptr ? Result() : self.node_->interrupt();
                   }),
      action<Self>("note", {{"text", kString}}, 1,
                   [](Self& self, const Arguments& given) {
                     const Result result = self.with_model();
                     return result ? self.node_->note(given.text(0)) : result;
                   }),
      action<Self>("prepare", {}, 0,
                   [](Self& self, const Arguments&) {
                     const Result result = self.with_model();
                     return result ? self.node_->prepare() : result;
                   }),
      action<Self>("load_conversation", {{"json", kString}}, 1,
                   [](Self& self, const Arguments& given) {
                     const Result result = self.with_model();
                     return result ? self.node_->load(given.text(0)) : result;
                   }),
      action<Self>("reset", {}, 0,
                   [](Self& self, const Arguments&) {
                     const Result result = self.with_model();
                     return result ? self.node_->load("[]") : result;
                   }),
      action<Self>("use_model", {{"node", kObject}}, 1,
                   [](Self& self, const Arguments& given) {
                     const auto model = TliteModel::of(given[0].as_object());
                     if (model != nullptr) return self.node_->join(model);
                     return Result{TLITE_ERROR_INVALID_ARGUMENT, "node is no TliteModel"};
                   }),
      question<Self>("save_conversation", {},
                     [](Self& self, const Arguments&) {
                       std::string json;
                       Result result = self.with_model();
                       if (result) result = self.node_->save(json);
                       self.tell(result);
                       if (!result) print_error(result.message, "TliteCharacter.save_conversation");
                       return result ? Value(json) : Value("");
                     }),
      question<Self>(
          "get_state", {},
          [](Self& self, const Arguments&) { return Value(name_of(self.look().state)); }),
      question<Self>("is_busy", {},
                     [](Self& self, const Arguments&) {
                       const State state = self.look().state;
                       return Value(state == State::thinking || state == State::speaking);
                     }),
      question<Self>("get_answer", {},
                     [](Self& self, const Arguments&) { return Value(self.look().answer); }),
      question<Self>("get_usage", {},
                     [](Self& self, const Arguments&) {
                       const auto look = self.look();
                       return Value({{"prompt_tokens", Value(look.prompt_tokens)},
                                     {"cached_tokens", Value(look.cached_tokens)},
                                     {"conversation_tokens", Value(look.conversation_tokens)}});
                     }),
      question<Self>("get_error", {},
                     [](Self& self, const Arguments&) { return Value(self.told_.error()); }),
  };
  return all;
}

template <auto Field>
PropertyOf<TliteCharacter> TliteCharacter::whole(const char* name) {
  return {{name, kInt},
          kHintNone,
          "",
          [](TliteCharacter& self) { return Value(self.node_->options().*Field); },
          [](TliteCharacter& self, const Argument& value, const char* about) {
            return self.change([&](CharacterOptions& options) {
              return read_int32(about, value, options.*Field);
            });
          }};
}

template <auto Field>
PropertyOf<TliteCharacter> TliteCharacter::real(const char* name, const char* range) {
  return {
      {name, kReal},
      kHintRange,
      range,
      [](TliteCharacter& self) { return Value(static_cast<double>(self.node_->options().*Field)); },
      [](TliteCharacter& self, const Argument& value, const char*) {
        return self.change([&](CharacterOptions& options) {
          options.*Field = static_cast<float>(value.as_real());
          return Result();
        });
      }};
}

const std::vector<PropertyOf<TliteCharacter>>& TliteCharacter::properties() {
  using Self = TliteCharacter;
  static const std::vector<PropertyOf<Self>> all = {
      {{"model", kNodePath},
       kHintNone,
       "",
       [](Self& self) { return Value::node_path(self.model_path_); },
       [](Self& self, const Argument& value, const char*) {
         self.model_path_ = value.as_text();
         return self.node_->join(nullptr);
       }},
      {{"system_prompt", kString},
       kHintMultiline,
       "",
       [](Self& self) { return Value(self.node_->options().system); },
       [](Self& self, const Argument& value, const char*) {
         return self.change([&](CharacterOptions& options) {
           options.system = value.as_text();
           return Result();
         });
       }},
      whole<&CharacterOptions::context>("context"),
      whole<&CharacterOptions::max_new_tokens>("max_new_tokens"),
      real<&CharacterOptions::temperature>("temperature", "-1,2,0.05"),
      real<&CharacterOptions::top_p>("top_p", "-1,1,0.01"),
      real<&CharacterOptions::min_p>("min_p", "-1,1,0.01"),
      whole<&CharacterOptions::top_k>("top_k"),
      real<&CharacterOptions::repetition_penalty>("repetition_penalty", "-1,2,0.01"),
      {{"stop_words", kStringArray},
       kHintNone,
       "",
       [](Self& self) { return Value(self.node_->options().stop); },
       [](Self& self, const Argument& value, const char*) {
         return self.change([&](CharacterOptions& options) {
           options.stop = value.as_texts();
           return Result();
         });
       }},
      {{"random_seed", kInt},
       kHintNone,
       "",
       [](Self& self) {
         const CharacterOptions options = self.node_->options();
         return Value(options.has_seed != 0 ? static_cast<std::int64_t>(options.seed) : -1);
       },
       [](Self& self, const Argument& value, const char*) {
         return self.change([&](CharacterOptions& options) {
           options.has_seed = value.as_int() >= 0;
           options.seed = static_cast<std::uint64_t>(std::max<std::int64_t>(value.as_int(), 0));
           return Result();
         });
       }},
      whole<&CharacterOptions::summarize_above>("summarize_above"),
      whole<&CharacterOptions::keep_turns>("keep_turns"),
  };
  return all;
}

const std::vector<SignalOf>& TliteCharacter::signals() {
  static const std::vector<SignalOf> all = {{"piece", {"text"}},
                                            {"sentence", {"text"}},
                                            {"finished", {"answer", "reason"}},
                                            {"failed", {"message"}},
                                            {"summary", {"text"}}};
  return all;
}

}  // namespace gdnative

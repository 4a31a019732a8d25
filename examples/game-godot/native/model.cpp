#include "model.hpp"

#include <unordered_map>
#include <utility>

namespace gdnative {

namespace {

using characters::ModelNode;
using characters::Phase;

// Godot tells no class of an object that another script has; so we know ours by address.
struct Registry {
  std::mutex mutex;
  std::unordered_map<const Object*, std::weak_ptr<ModelNode>> nodes;
};
Registry& registry() {
  static Registry all;
  return all;
}

// res:// and user:// are Godot's; the library opens files of the system.
std::string system_path(const std::string& path) {
  if (path.compare(0, 6, "res://") != 0 && path.compare(0, 7, "user://") != 0) return path;
  std::string name = "ProjectSettings";
  const Value given(path);
  const Value found =
      call("ProjectSettings", "globalize_path", api().global_get_singleton(name.data()), {&given});
  return Argument(found.get()).as_text();
}

}  // namespace

std::shared_ptr<TliteModel> TliteModel::make(Object* owner) {
  const std::shared_ptr<TliteModel> made(new TliteModel(owner));
  if (owner == nullptr) return made;  // asked for its defaults
  made->listen(made);
  const std::lock_guard<std::mutex> lock(registry().mutex);
  registry().nodes[owner] = made->node_;
  return made;
}

void TliteModel::leave() {
  {
    const std::lock_guard<std::mutex> lock(registry().mutex);
    registry().nodes.erase(told_.owner());
  }
  node_->leave();
}

std::shared_ptr<ModelNode> TliteModel::of(Object* object) {
  const std::lock_guard<std::mutex> lock(registry().mutex);
  const auto found = registry().nodes.find(object);
  return found == registry().nodes.end() ? nullptr : found->second.lock();
}

void TliteModel::listen(const std::weak_ptr<TliteModel>& self) {
  node_->on_loaded = [self] {
    if (const auto model = self.lock()) model->told_.emit("loaded");
  };
  node_->on_prepared = [self] {
    if (const auto model = self.lock()) model->told_.emit("prepared");
  };
  node_->on_failed = [self](const Result& why) {
    const auto model = self.lock();
    if (model == nullptr) return;
    model->tell(why);
    model->told_.emit("failed", why.message);
  };
}

Result TliteModel::load(const std::string& path) {
  if (!path.empty()) path_ = path;
  if (path_.empty()) {
    return {TLITE_ERROR_INVALID_ARGUMENT, "no model: give a path, or set model_path"};
  }
  step_error_.clear();
  return node_->load(system_path(path_), options_);
}

Result TliteModel::step(double seconds) { return node_->step(nanoseconds_of(seconds)); }

// An engine that has run out of memory tries again in the next frame, and tells the game once.
void TliteModel::process() {
  if (budget_ <= 0) return;
  const Result result = step(budget_);
  if (result.status == TLITE_ERROR_BAD_STATE || result.message == step_error_) return;
  step_error_ = result.message;
  if (result) return;
  tell(result);
  told_.emit("failed", result.message);
}

const std::vector<MethodOf<TliteModel>>& TliteModel::methods() {
  using Self = TliteModel;
  static const std::vector<MethodOf<Self>> all = {
      action<Self>("load_model", {{"path", kString}}, 0,
                   [](Self& self, const Arguments& given) { return self.load(given.text(0)); }),
      action<Self>("close", {}, 0,
                   [](Self& self, const Arguments&) { return self.node_->close(); }),
      action<Self>(
          "step", {{"seconds", kReal}}, 1,
          [](Self& self, const Arguments& given) { return self.step(given[0].as_real()); }),
      action<Self>("_ready", {}, 0,
                   [](Self& self, const Arguments&) {
                     return self.autoload_ && !self.path_.empty() ? self.load({}) : Result();
                   }),
      action<Self>("_process", {{"delta", kReal}}, 1,
                   [](Self& self, const Arguments&) {
                     self.process();
                     return Result();
                   }),
      question<Self>("is_loading", {},
                     [](Self& self, const Arguments&) {
                       return Value(self.node_->phase() == Phase::loading);
                     }),
      question<Self>(
          "is_loaded", {},
          [](Self& self, const Arguments&) { return Value(self.node_->phase() == Phase::ready); }),
      question<Self>(
          "is_preparing", {},
          [](Self& self, const Arguments&) { return Value(self.node_->is_preparing()); }),
      question<Self>("get_progress", {},
                     [](Self& self, const Arguments&) { return Value(self.node_->progress()); }),
      question<Self>("get_error", {},
                     [](Self& self, const Arguments&) { return Value(self.told_.error()); }),
      question<Self>("get_version", {},
                     [](Self&, const Arguments&) { return Value(tlite_version()); }),
      question<Self>("get_status", {},
                     [](Self& self, const Arguments&) {
                       tlite_engine_status status{};
                       const Result result = self.node_->engine_status(status);
                       self.tell(result);
                       if (!result) return Value();
                       return Value({{"waiting", Value(status.waiting)},
                                     {"running", Value(status.running)},
                                     {"cached_tokens", Value(status.cached_tokens)},
                                     {"free_tokens", Value(status.free_tokens)}});
                     }),
      question<Self>("plan", {{"path", kString}},
                     [](Self& self, const Arguments& given) {
                       tlite_memory_plan plan{};
                       const Result result =
                           ModelNode::plan(system_path(given.text(0)), self.options_, plan);
                       self.tell(result);
                       if (!result) return Value();
                       const auto bytes = [](std::uint64_t count) {
                         return Value(static_cast<std::int64_t>(count));
                       };
                       return Value({{"weights", bytes(plan.weights)},
                                     {"weights_resident", bytes(plan.weights_resident)},
                                     {"kv_cache", bytes(plan.kv_cache)},
                                     {"scratch", bytes(plan.scratch)},
                                     {"total", bytes(plan.total)}});
                     }),
  };
  return all;
}

template <auto Field>
PropertyOf<TliteModel> TliteModel::whole(const char* name) {
  return {{name, kInt},
          kHintNone,
          "",
          [](TliteModel& self) { return Value(self.options_.*Field); },
          [](TliteModel& self, const Argument& value, const char* about) {
            return read_int32(about, value, self.options_.*Field);
          }};
}

const std::vector<PropertyOf<TliteModel>>& TliteModel::properties() {
  using Self = TliteModel;
  using characters::CastOptions;
  static const std::vector<PropertyOf<Self>> all = {
      {{"model_path", kString},
       kHintGlobalFile,
       "*.gguf",
       [](Self& self) { return Value(self.path_); },
       [](Self& self, const Argument& value, const char*) {
         self.path_ = value.as_text();
         return Result();
       }},
      {{"autoload", kBool},
       kHintNone,
       "",
       [](Self& self) { return Value(self.autoload_); },
       [](Self& self, const Argument& value, const char*) {
         self.autoload_ = value.as_bool();
         return Result();
       }},
      {{"budget", kReal},
       kHintRange,
       "0,0.1,0.0005",
       [](Self& self) { return Value(self.budget_); },
       [](Self& self, const Argument& value, const char*) {
         self.budget_ = value.as_real();
         return Result();
       }},
      whole<&CastOptions::context>("context"),
      whole<&CastOptions::max_speakers>("max_speakers"),
      whole<&CastOptions::max_batch_rows>("max_batch_rows"),
      whole<&CastOptions::threads>("threads"),
  };
  return all;
}

const std::vector<SignalOf>& TliteModel::signals() {
  static const std::vector<SignalOf> all = {
      {"loaded", {}}, {"failed", {"message"}}, {"prepared", {}}};
  return all;
}

}  // namespace gdnative

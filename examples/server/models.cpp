#include "models.hpp"

#include <algorithm>
#include <utility>

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace server {

using Clock = std::chrono::steady_clock;

namespace {

// How long a model waits for others to become idle.
constexpr std::chrono::seconds kRoomTime{30};

// glibc keeps what a model of many small parts (its tokenizer) has left, and more with each that
// another thread loads: 50 MB after ten of 20.
void give_back_memory() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

// A model that is configured and cannot be loaded is no mistake of who asks for it.
tlite::Error load_error(const tlite::Error& what) {
  const bool may_come = what.code() == tlite::ErrorCode::out_of_memory;
  return {may_come ? what.code() : tlite::ErrorCode::internal, what.what()};
}

}  // namespace

struct Models::Slot {
  ModelSource source;
  std::uint64_t bytes = 0;
  std::int32_t context = 0;
  LoadedModelPtr model;
  bool loading = false;
  std::optional<Clock::time_point> wants_room;  // since when
  std::vector<Ready> waiting;
  Clock::time_point last_used = Clock::now();
  std::thread loader;

  // Nobody but this slot holds it.
  bool idle() const { return model != nullptr && model.use_count() == 1; }
};

Models::Models(const ModelsOptions& options, Post post)
    : options_(options), post_(std::move(post)) {
  for (const ModelSource& source : options.sources) {
    const auto slot = std::make_shared<Slot>();
    slot->source = source;
    slot->bytes =
        tlite::Model::plan(source.path, tlite::evaluator_options(options.engine), options.load)
            .total();
    slot->context =
        openai::longest_request(tlite::Model::inspect(source.path).config, options.engine);
    if (options.memory_limit > 0 && slot->bytes > options.memory_limit) {
      throw tlite::Error(tlite::ErrorCode::out_of_memory,
                         "the model " + source.name + " takes " + std::to_string(slot->bytes) +
                             " bytes, the limit is " + std::to_string(options.memory_limit));
    }
    slots_.push_back(slot);
  }
}

Models::~Models() {
  for (const auto& slot : slots_) {
    if (slot->loader.joinable()) slot->loader.join();
  }
}

std::vector<Models::Entry> Models::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<Entry> all;
  for (const auto& slot : slots_) {
    Entry& entry = all.emplace_back(Entry{slot->source.name, slot->bytes, slot->context, {}, 0});
    if (slot->model == nullptr) continue;
    entry.engine = slot->model->engine.status();
    entry.room = slot->model->engine.options().context;
  }
  return all;
}

void Models::unload(Slot& slot) {
  LoadedModelPtr gone;
  {
    const std::lock_guard lock(mutex_);
    gone = std::exchange(slot.model, nullptr);
  }
  gone.reset();
  give_back_memory();
}

// Lets go idle ones, those first that were used longest ago.
bool Models::make_room(std::uint64_t bytes) {
  if (options_.memory_limit == 0) return true;
  for (;;) {
    std::uint64_t taken = 0;
    std::shared_ptr<Slot> oldest;
    for (const auto& slot : slots_) {
      if (slot->model == nullptr && !slot->loading) continue;
      taken += slot->bytes;
      if (slot->idle() && (!oldest || slot->last_used < oldest->last_used)) oldest = slot;
    }
    if (taken + bytes <= options_.memory_limit) return true;
    if (!oldest) return false;
    unload(*oldest);
  }
}

void Models::load(const std::shared_ptr<Slot>& slot) {
  if (slot->loader.joinable()) slot->loader.join();  // of an earlier time, long ended
  slot->loading = true;
  slot->loader = std::thread([this, slot] {
    LoadedModelPtr model;
    std::optional<tlite::Error> error;
    try {
      model = std::make_shared<LoadedModel>(
          slot->source.name, tlite::Model::load(slot->source.path, options_.load), options_.engine);
    } catch (const tlite::Error& what) {
      error = load_error(what);
    } catch (const std::exception& what) {
      error.emplace(tlite::ErrorCode::internal, what.what());
    }
    post_([this, slot, held = std::move(model), error] { loaded(slot, held, error); });
  });
}

void Models::loaded(const std::shared_ptr<Slot>& slot, const LoadedModelPtr& model,
                    const std::optional<tlite::Error>& error) {
  slot->loading = false;
  slot->last_used = Clock::now();
  {
    const std::lock_guard lock(mutex_);
    slot->model = model;
  }
  for (const Ready& ready : std::exchange(slot->waiting, {})) ready(model, error);
}

void Models::get(const std::string& name, Ready ready) {
  const auto found = name.empty()
                         ? slots_.begin()
                         : std::ranges::find_if(slots_, [&](const std::shared_ptr<Slot>& slot) {
                             return slot->source.name == name;
                           });
  if (found == slots_.end()) {
    return ready(nullptr, tlite::Error(tlite::ErrorCode::not_found,
                                       "the model '" + name + "' does not exist"));
  }
  const std::shared_ptr<Slot>& slot = *found;
  slot->last_used = Clock::now();
  if (slot->model) return ready(slot->model, std::nullopt);
  slot->waiting.push_back(std::move(ready));
  if (slot->loading || slot->wants_room) return;
  slot->wants_room = Clock::now();
  load_if_there_is_room(slot);
}

void Models::load_if_there_is_room(const std::shared_ptr<Slot>& slot) {
  if (make_room(slot->bytes)) {
    slot->wants_room.reset();
    load(slot);
  } else if (Clock::now() - *slot->wants_room >= kRoomTime) {
    slot->wants_room.reset();
    loaded(
        slot, nullptr,
        tlite::Error(tlite::ErrorCode::bad_state, "there is no room for the model '" +
                                                      slot->source.name + "' while others work"));
  }
}

void Models::tick() {
  for (const auto& slot : slots_) {
    if (slot->wants_room) load_if_there_is_room(slot);
  }
  if (options_.idle_time.count() == 0) return;
  const Clock::time_point now = Clock::now();
  for (const auto& slot : slots_) {
    if (!slot->model) continue;
    if (!slot->idle()) {
      slot->last_used = now;
    } else if (now - slot->last_used >= options_.idle_time) {
      unload(*slot);
    }
  }
}

}  // namespace server

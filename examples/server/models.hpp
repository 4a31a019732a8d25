// The models that a server has, by name: loaded when they are asked for, and let go when they have
// been idle and others need the room.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <openai/length.hpp>
#include <openai/sampling_fields.hpp>

#include <tlite/tlite.hpp>

namespace server {

// A model that is ready. The fields' reader belongs to the thread that reads requests.
struct LoadedModel {
  LoadedModel(std::string given, const tlite::Model& from, const tlite::EngineOptions& options)
      : name(std::move(given)),
        context(openai::longest_request(from.info().config, options)),
        model(from),
        engine(from, options),
        fields(from.tokenizer()) {}

  std::string name;
  std::int32_t context;  // tokens of a request and its answer
  tlite::Model model;
  tlite::Engine engine;
  openai::SamplingFields fields;
};

using LoadedModelPtr = std::shared_ptr<LoadedModel>;

struct ModelSource {
  std::string name;
  std::string path;
};

struct ModelsOptions {
  std::vector<ModelSource> sources;  // the first is that of requests that name none
  tlite::LoadOptions load;
  tlite::EngineOptions engine;
  std::uint64_t memory_limit = 0;     // bytes of all that are loaded, by their plans; 0: none
  std::chrono::seconds idle_time{0};  // after which one is let go; 0: only where room is needed
};

// On the thread that reads requests, but for the constructor and list().
class Models {
 public:
  // What a model that was asked for has become: it, or why not.
  using Ready = std::function<void(LoadedModelPtr, std::optional<tlite::Error>)>;
  // Runs something on the thread that reads requests.
  using Post = std::function<void(std::function<void()>)>;

  // Plans all: throws what Model::plan throws, and out_of_memory for one that the limit rules out.
  Models(const ModelsOptions& options, Post post);
  ~Models();
  Models(const Models&) = delete;
  Models& operator=(const Models&) = delete;

  struct Entry {
    std::string name;
    std::uint64_t bytes = 0;  // by its plan
    std::int32_t context = 0;
    std::optional<tlite::EngineStatus> engine;  // of one that is loaded
    std::int32_t room = 0;                      // tokens that its engine has room for
  };
  std::vector<Entry> list() const;  // any thread

  // `ready` is called once, now or when it is loaded; with not_found for a name that none has, with
  // bad_state where others have worked on for so long that there was no room for it. What it is
  // given is in use until the last copy of the pointer is gone.
  void get(const std::string& name, Ready ready);
  // Loads what waits for room, and lets go what has been idle too long.
  void tick();

 private:
  struct Slot;

  void load(const std::shared_ptr<Slot>& slot);
  void load_if_there_is_room(const std::shared_ptr<Slot>& slot);
  void loaded(const std::shared_ptr<Slot>& slot, const LoadedModelPtr& model,
              const std::optional<tlite::Error>& error);
  bool make_room(std::uint64_t bytes);
  void unload(Slot& slot);

  ModelsOptions options_;
  Post post_;
  std::vector<std::shared_ptr<Slot>> slots_;
  mutable std::mutex mutex_;  // of what list() reads
};

}  // namespace server

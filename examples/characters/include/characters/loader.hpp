// Loads a model on a thread, while the host draws a bar; can be stopped at any time.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include <characters/handles.hpp>

namespace characters {

class Loader {
 public:
  Loader() = default;
  // Stops and waits, some hundred milliseconds at most.
  ~Loader() {
    cancel();
    if (thread_.joinable()) thread_.join();
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // Once a loader. `then` is run on the same thread with the model, if there is one: for what else
  // takes time, Cast::open say.
  Result start(const tlite_host* host, const std::string& path,
               std::function<Result(const tlite_model*)> then = {}) {
    tlite_progress* made = nullptr;
    Result result =
        result_of([&](tlite_error** error) { return tlite_progress_create(&made, error); });
    progress_.reset(made);
    if (!result) return result;
    thread_ = std::thread([this, host, path, then = std::move(then)] {
      tlite_load_options options;
      tlite_load_options_init(&options, sizeof options);
      options.progress = progress_.get();
      result_ = result_of([&](tlite_error** error) {
        tlite_model* model = nullptr;
        const tlite_status status =
            tlite_model_load(host, path.data(), path.size(), &options, &model, error);
        model_.reset(model);
        return status;
      });
      if (result_ && then) result_ = then(model_.get());
      done_.store(true);
    });
    return result;
  }

  // 0 to 1.
  double progress() const noexcept {
    std::int64_t done = 0;
    std::int64_t total = 0;
    if (progress_ != nullptr) tlite_progress_get(progress_.get(), &done, &total);
    return total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
  }
  void cancel() noexcept {
    if (progress_ != nullptr) tlite_progress_cancel(progress_.get());
  }
  bool is_done() const noexcept { return done_.load(); }
  bool is_started() const noexcept { return thread_.joinable(); }

  // Once it is done: the model, or why there is none.
  Result take(ModelHandle& model) {
    if (thread_.joinable()) thread_.join();
    model = std::move(model_);
    return result_;
  }

 private:
  ProgressHandle progress_;
  std::atomic<bool> done_{false};
  ModelHandle model_;
  Result result_;
  std::thread thread_;
};

}  // namespace characters

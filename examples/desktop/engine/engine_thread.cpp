#include "engine_thread.hpp"

#include "model_facts.hpp"
#include "running_answer.hpp"

#include <QElapsedTimer>
#include <QTimer>
#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include <tlite/tlite.hpp>

namespace desktop {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{20};
constexpr milliseconds kPauseInTrouble{200};
constexpr int kProgressEvery = 30;  // milliseconds

}  // namespace

class EngineThread::Worker : public QObject {
 public:
  explicit Worker(EngineThread& owner) : owner_(owner), timer_(this) {
    timer_.setSingleShot(true);
    timer_.callOnTimeout(this, [this] { work(); });
  }

  void load(const LoadRequest& request);
  void unload();
  void answer(const AnswerRequest& request);
  void stop(AnswerId id);

 private:
  void work();
  bool step();
  void tell();
  void let_go();

  EngineThread& owner_;
  QTimer timer_;  // runs while there is work
  std::optional<tlite::Engine> engine_;
  std::int32_t context_ = 0;  // tokens of a prompt and its answer
  std::map<tlite::RequestId, RunningAnswer> answers_;
};

void EngineThread::Worker::let_go() {
  timer_.stop();
  for (auto& [request, answer] : answers_) answer.end({Outcome::stopped, {}});
  tell();
  answers_.clear();
  engine_.reset();
}

void EngineThread::Worker::load(const LoadRequest& request) {
  let_go();
  QElapsedTimer since;
  const auto progress = [&](float fraction) {
    if (!since.isValid() || since.elapsed() >= kProgressEvery) {
      since.start();
      emit owner_.load_progressed(static_cast<double>(fraction));
    }
    return !request.cancelled->load();
  };
  try {
    tlite::LoadOptions options = load_options(request.choices);
    options.progress = progress;
    const tlite::Model model = tlite::Model::load(request.path.toStdString(), options);
    engine_.emplace(model, engine_options(request.choices));
    // Between two calls of the progress, too, it was cancelled.
    if (request.cancelled->load()) throw tlite::Error(tlite::ErrorCode::cancelled, "cancelled");
    const tlite::ModelInfo& info = model.info();
    const std::int32_t trained = info.config.max_position_embeddings;
    context_ = engine_->options().context;
    if (trained > 0) context_ = std::min(context_, trained);
    emit owner_.loaded(
        {request.path, QString::fromStdString(info.name), context_, info.has_chat_template});
  } catch (const std::exception& error) {
    engine_.reset();
    const auto* const known = dynamic_cast<const tlite::Error*>(&error);
    const bool cancelled = known != nullptr && known->code() == tlite::ErrorCode::cancelled;
    emit owner_.failed_to_load(QString::fromUtf8(error.what()), cancelled);
  }
}

void EngineThread::Worker::unload() {
  let_go();
  emit owner_.unloaded();
}

void EngineThread::Worker::answer(const AnswerRequest& request) {
  AnswerStep refused;
  refused.id = request.id;
  try {
    if (!engine_) throw tlite::Error(tlite::ErrorCode::bad_state, "no model is loaded");
    RunningAnswer answer(*engine_, context_, request);
    answers_.emplace(answer.request(), std::move(answer));
    timer_.start(0);
  } catch (const std::exception& error) {
    refused.end = AnswerEnd{Outcome::failed, QString::fromUtf8(error.what())};
    emit owner_.stepped({refused});
  }
}

void EngineThread::Worker::stop(AnswerId id) {
  for (const auto& [request, answer] : answers_) {
    if (answer.id() == id) engine_->cancel(request);
  }
}

// A step that throws leaves all requests as they were: they are tried again a little later.
bool EngineThread::Worker::step() {
  try {
    engine_->step(kSlice);
    return true;
  } catch (const std::exception& error) {
    emit owner_.in_trouble(QString::fromUtf8(error.what()));
    return false;
  }
}

void EngineThread::Worker::tell() {
  QList<AnswerStep> steps;
  for (auto at = answers_.begin(); at != answers_.end();) {
    std::optional<AnswerStep> next = at->second.take_step();
    const bool ended = next && next->end;
    if (next) steps += std::move(*next);
    at = ended ? answers_.erase(at) : std::next(at);
  }
  if (!steps.isEmpty()) emit owner_.stepped(steps);
}

void EngineThread::Worker::work() {
  if (!engine_) return;
  const bool fine = step();
  while (const std::optional<tlite::EngineEvent> event = engine_->poll()) {
    const auto answer = answers_.find(event->request);
    if (answer != answers_.end()) answer->second.add(*event);
  }
  tell();
  if (!answers_.empty()) timer_.start(fine ? milliseconds(0) : kPauseInTrouble);
}

EngineThread::EngineThread() : worker_(std::make_unique<Worker>(*this)) {
  worker_->moveToThread(&thread_);
  thread_.setObjectName("engine");
  thread_.start();
}

EngineThread::~EngineThread() {
  finish();
  thread_.wait();
}

void EngineThread::load(const LoadRequest& request) {
  QMetaObject::invokeMethod(worker_.get(), [this, request] { worker_->load(request); });
}

void EngineThread::unload() {
  QMetaObject::invokeMethod(worker_.get(), [this] { worker_->unload(); });
}

void EngineThread::answer(const AnswerRequest& request) {
  QMetaObject::invokeMethod(worker_.get(), [this, request] { worker_->answer(request); });
}

void EngineThread::stop(AnswerId id) {
  QMetaObject::invokeMethod(worker_.get(), [this, id] { worker_->stop(id); });
}

void EngineThread::finish() {
  QMetaObject::invokeMethod(worker_.get(), [this] {
    worker_->unload();
    emit finished();
    thread_.quit();
  });
}

}  // namespace desktop

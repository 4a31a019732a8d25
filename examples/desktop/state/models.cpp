#include "models.hpp"

namespace desktop {

Models::Models(EngineThread& engine, Chats& chats) : engine_(engine), chats_(chats) {
  connect(&engine, &EngineThread::load_progressed, this, [this](double fraction) {
    progress_ = fraction;
    emit changed();
  });
  connect(&engine, &EngineThread::loaded, this, [this](const LoadedModel& model) {
    --loading_;
    chats_.set_model(model);
    emit changed();
    emit loaded(model.path);
  });
  connect(&engine, &EngineThread::failed_to_load, this,
          [this](const QString& message, bool was_cancelled) {
            --loading_;
            emit changed();
            if (!was_cancelled) return emit failed(message);
            if (loading_ == 0) emit cancelled();
          });
}

void Models::load(const QString& path, const LoadChoices& choices) {
  cancel();
  ++loading_;
  loading_path_ = path;
  progress_ = 0;
  cancelled_ = std::make_shared<std::atomic<bool>>(false);
  chats_.set_model({});
  engine_.load({path, choices, cancelled_});
  emit changed();
}

void Models::cancel() {
  if (cancelled_) cancelled_->store(true);
}

void Models::unload() {
  cancel();
  chats_.set_model({});
  engine_.unload();
  emit changed();
}

}  // namespace desktop

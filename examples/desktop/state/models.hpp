// The model that is loaded, or is being loaded.
#pragma once

#include "../engine/engine_thread.hpp"
#include "chats.hpp"

#include <QObject>
#include <QString>
#include <atomic>
#include <memory>

namespace desktop {

class Models : public QObject {
  Q_OBJECT

 public:
  Models(EngineThread& engine, Chats& chats);

  // What is loaded goes first; a load that runs is cancelled.
  void load(const QString& path, const LoadChoices& choices);
  void cancel();
  void unload();

  bool is_loading() const { return loading_ > 0; }
  const QString& loading_path() const { return loading_path_; }
  double progress() const { return progress_; }

 signals:
  void changed();  // of the model, of whether one is loading, of how far that is
  void loaded(const QString& path);
  void failed(const QString& message);
  void cancelled();

 private:
  EngineThread& engine_;
  Chats& chats_;
  std::shared_ptr<std::atomic<bool>> cancelled_;
  int loading_ = 0;  // loads that have been asked for and not ended
  QString loading_path_;
  double progress_ = 0;
};

}  // namespace desktop

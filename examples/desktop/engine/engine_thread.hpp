// The model and its engine, on a thread of their own.
//
// Why a thread and no timer of the window's: a slice in the window's thread would have to end
// within a frame, below which the engine takes smaller steps (docs/engine.md), and loading, making
// an engine, rendering and tokenizing a long prompt have no slices at all. The thread works in
// slices of 20 ms; between two of them it hears what the window wants, and what has come goes to
// the window once a slice, however many conversations are answered.
//
// All methods are the window's; they wait for nothing. Signals come to its thread.
#pragma once

#include "answer.hpp"

#include <QList>
#include <QObject>
#include <QThread>
#include <memory>

namespace desktop {

class EngineThread : public QObject {
  Q_OBJECT

 public:
  EngineThread();
  // Ends what runs and waits, a slice at most; a load that runs must have been cancelled.
  ~EngineThread() override;

  // Lets go of the model that is there first. loaded() or failed_to_load().
  void load(const LoadRequest& request);
  void unload();
  // stepped() until one has an end, without a model too.
  void answer(const AnswerRequest& request);
  void stop(AnswerId id);
  // Ends all; then finished() comes, and nothing more is done.
  void finish();

 signals:
  void load_progressed(double fraction);
  void loaded(const desktop::LoadedModel& model);
  void failed_to_load(const QString& message, bool cancelled);
  void unloaded();
  void stepped(const QList<desktop::AnswerStep>& steps);
  void in_trouble(const QString& message);  // an engine's step has failed and is tried again
  void finished();

 private:
  class Worker;

  QThread thread_;
  std::unique_ptr<Worker> worker_;  // lives on it
};

}  // namespace desktop

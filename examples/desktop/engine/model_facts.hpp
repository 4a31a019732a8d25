// What a model is and what it will take, before a weight is read.
#pragma once

#include "../store/preferences.hpp"

#include <QObject>
#include <QString>
#include <cstdint>
#include <memory>

#include <tlite/engine.hpp>
#include <tlite/model.hpp>

namespace desktop {

// Of how many conversations answers are made at once; others wait.
inline constexpr int kAnswersAtOnce = 4;

tlite::EngineOptions engine_options(const LoadChoices& choices);
// Throws tlite::Error for weights that are no mix.
tlite::LoadOptions load_options(const LoadChoices& choices);

struct ModelFacts {
  QString path;
  tlite::ModelInfo info;
  tlite::MemoryPlan plan;
  std::uint64_t free_memory = 0;  // bytes; 0: unknown
  QString error;                  // a sentence's end; then nothing else but the path counts
};

// Asks on a thread of its own: a vocabulary takes a tenth of a second to read, a network drive
// longer. Answers to what was asked before the last question do not come.
class ModelInspector : public QObject {
  Q_OBJECT

 public:
  using QObject::QObject;

  void ask(const QString& path, const LoadChoices& choices);

 signals:
  void answered(const desktop::ModelFacts& facts);

 private:
  std::uint64_t asked_ = 0;
};

}  // namespace desktop

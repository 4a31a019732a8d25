#include "model_facts.hpp"

#include <QCoreApplication>
#include <QFile>
#include <QPointer>
#include <QRegularExpression>
#include <QThreadPool>
#include <utility>

namespace desktop {
namespace {

// What programs may take without pushing others out: Linux's own estimate.
std::uint64_t free_memory() {
  QFile file("/proc/meminfo");
  if (!file.open(QIODevice::ReadOnly)) return 0;
  static const QRegularExpression kLine("MemAvailable:\\s+(\\d+) kB");
  const auto found = kLine.match(QString::fromLatin1(file.readAll()));
  return found.captured(1).toULongLong() * 1024;
}

ModelFacts facts_of(const QString& path, const LoadChoices& choices) {
  ModelFacts facts;
  facts.path = path;
  facts.free_memory = free_memory();
  try {
    const std::string name = path.toStdString();
    facts.info = tlite::Model::inspect(name);
    const tlite::EvaluatorOptions evaluator = tlite::evaluator_options(engine_options(choices));
    facts.plan = tlite::Model::plan(name, evaluator, load_options(choices));
  } catch (const std::exception& error) {
    facts.error = QString::fromUtf8(error.what());
  }
  return facts;
}

}  // namespace

tlite::EngineOptions engine_options(const LoadChoices& choices) {
  tlite::EngineOptions options;
  options.context = choices.context;
  options.max_sequences = kAnswersAtOnce;
  options.embeddings = false;
  return options;
}

tlite::LoadOptions load_options(const LoadChoices& choices) {
  tlite::LoadOptions options;
  options.read_into_memory = choices.read_into_memory;
  if (choices.weights.isEmpty()) return options;
  options.weights = tlite::parse_weight_mix(choices.weights.toStdString());
  if (!options.weights) {
    throw tlite::Error(tlite::ErrorCode::invalid_argument,
                       "weights: no mix is called " + choices.weights.toStdString());
  }
  return options;
}

void ModelInspector::ask(const QString& path, const LoadChoices& choices) {
  const std::uint64_t question = ++asked_;
  const QPointer<ModelInspector> self(this);
  QThreadPool::globalInstance()->start([self, question, path, choices] {
    const ModelFacts facts = facts_of(path, choices);
    // By way of the application: this object may go away meanwhile.
    QMetaObject::invokeMethod(QCoreApplication::instance(), [self, question, facts] {
      if (self && self->asked_ == question) emit self->answered(facts);
    });
  });
}

}  // namespace desktop

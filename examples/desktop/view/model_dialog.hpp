// What a model is and what it will take, before it is loaded, and how to load it.
#pragma once

#include "../engine/model_facts.hpp"
#include "choice.hpp"

#include <QCheckBox>
#include <QDialog>
#include <QLabel>
#include <QPushButton>

namespace desktop {

class ModelDialog : public QDialog {
  Q_OBJECT

 public:
  // `replaces`: another model is loaded now.
  ModelDialog(const QString& path, const LoadChoices& choices, bool replaces,
              QWidget* parent = nullptr);

  LoadChoices choices() const;

 signals:
  void load_wanted(const QString& path, const desktop::LoadChoices& choices);

 private:
  void build(const LoadChoices& choices, bool replaces);
  void ask();
  void take(const ModelFacts& facts);
  void show_facts(const ModelFacts& facts);
  void offer_contexts(int trained);

  const QString path_;
  ModelInspector inspector_;
  QLabel* facts_;
  QLabel* warning_;
  Choice* context_;
  Choice* weights_;
  QCheckBox* read_into_memory_;
  QWidget* memory_;
  QLabel* memory_parts_[5]{};
  QLabel* memory_note_;
  QPushButton* load_;
};

}  // namespace desktop

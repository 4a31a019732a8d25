#include "model_dialog.hpp"

#include "../text/texts.hpp"

#include <QFileInfo>
#include <QFormLayout>
#include <QGridLayout>
#include <QStyle>
#include <QVBoxLayout>
#include <algorithm>
#include <array>
#include <string_view>

namespace desktop {
namespace {

constexpr std::array kContexts{1024, 2048, 4096, 8192, 16384, 32768, 65536, 131072};
constexpr std::array<const char*, 3> kMixes{"q8_0", "q6_k", "q4_k_m"};
constexpr std::array kMemoryRows{Text::memory_weights, Text::memory_resident, Text::memory_cache,
                                 Text::memory_scratch, Text::memory_total};

QLabel* plain_label(const char* kind, QWidget* parent) {
  auto* const label = new QLabel(parent);
  label->setTextFormat(Qt::PlainText);
  label->setWordWrap(true);
  label->setProperty("kind", kind);
  return label;
}

QString count_text(std::uint64_t parameters) {
  const auto count = static_cast<double>(parameters);
  return count < 1e9 ? say(Text::millions, write(count / 1e6, count < 1e7 ? 1 : 0))
                     : say(Text::billions, write(count / 1e9, 1));
}

QString type_name(tlite::DataType type) {
  const std::string_view name = tlite::to_string(type);
  return QString::fromLatin1(name.data(), static_cast<qsizetype>(name.size())).toUpper();
}

bool is_quantized(tlite::DataType type) {
  return type != tlite::DataType::f32 && type != tlite::DataType::f16 &&
         type != tlite::DataType::bf16;
}

}  // namespace

ModelDialog::ModelDialog(const QString& path, const LoadChoices& choices, bool replaces,
                         QWidget* parent)
    : QDialog(parent),
      path_(path),
      facts_(plain_label("facts", this)),
      warning_(plain_label("failure", this)),
      context_(new Choice(this)),
      weights_(new Choice(this)),
      read_into_memory_(new QCheckBox(say(Text::read_into_memory), this)),
      memory_(new QWidget(this)),
      memory_note_(plain_label("hint", this)),
      load_(new QPushButton(say(Text::load), this)) {
  setObjectName("model_dialog");
  setWindowTitle(say(Text::load_model));
  setAttribute(Qt::WA_DeleteOnClose);
  build(choices, replaces);
  connect(&inspector_, &ModelInspector::answered, this, &ModelDialog::take);
  for (Choice* const each : {context_, weights_}) {
    connect(each, &QComboBox::currentIndexChanged, this, &ModelDialog::ask);
  }
  connect(read_into_memory_, &QCheckBox::toggled, this, &ModelDialog::ask);
  ask();
}

void ModelDialog::build(const LoadChoices& choices, bool replaces) {
  setMinimumWidth(460);
  auto* const name = plain_label("title", this);
  name->setText(QFileInfo(path_).fileName());
  facts_->setText(say(Text::reading_headers));
  facts_->setObjectName("model_facts");
  warning_->setObjectName("model_error");
  warning_->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
  warning_->hide();
  for (const int tokens : kContexts) context_->addItem(write(tokens), tokens);
  context_->setCurrentIndex(std::max(0, context_->findData(choices.context)));
  context_->setAccessibleName(say(Text::context_label));
  context_->setAccessibleDescription(say(Text::context_hint));
  context_->setObjectName("model_context");
  weights_->addItem(say(Text::weights_stored), QString());
  for (const char* const mix : kMixes) {
    weights_->addItem(say(Text::weights_quantized, QString(mix).toUpper()), QString(mix));
  }
  weights_->setCurrentIndex(std::max(0, weights_->findData(choices.weights)));
  weights_->setAccessibleName(say(Text::weights_label));
  weights_->setObjectName("model_weights");
  read_into_memory_->setChecked(choices.read_into_memory);
  auto* const form = new QFormLayout;
  form->setFieldGrowthPolicy(QFormLayout::AllNonFixedFieldsGrow);
  form->addRow(say(Text::context_label), context_);
  auto* const context_hint = plain_label("hint", this);
  context_hint->setText(say(Text::context_hint));
  form->addRow(QString(), context_hint);
  form->addRow(say(Text::weights_label), weights_);
  form->addRow(QString(), read_into_memory_);

  memory_->setProperty("kind", "card");
  memory_->setAttribute(Qt::WA_StyledBackground);
  memory_->setObjectName("model_memory");
  auto* const grid = new QGridLayout(memory_);
  grid->setContentsMargins(14, 10, 14, 10);
  grid->setColumnStretch(0, 1);
  for (std::size_t i = 0; i < kMemoryRows.size(); ++i) {
    const char* const kind = i + 1 == kMemoryRows.size() ? "total" : "facts";
    auto* const label = plain_label(kind, memory_);
    label->setText(say(kMemoryRows[i]));
    memory_parts_[i] = plain_label(kind, memory_);
    memory_parts_[i]->setAlignment(Qt::AlignRight);
    memory_parts_[i]->setAccessibleName(say(kMemoryRows[i]));
    grid->addWidget(label, static_cast<int>(i), 0);
    grid->addWidget(memory_parts_[i], static_cast<int>(i), 1);
  }
  auto* const replacing = plain_label("hint", this);
  replacing->setText(say(Text::replaces));
  replacing->setVisible(replaces);

  auto* const cancel = new QPushButton(say(Text::cancel), this);
  load_->setProperty("kind", "primary");
  load_->setObjectName("model_load");
  load_->setDefault(true);
  load_->setEnabled(false);
  auto* const buttons = new QHBoxLayout;
  buttons->addStretch();
  buttons->addWidget(cancel);
  buttons->addWidget(load_);
  auto* const column = new QVBoxLayout(this);
  column->setContentsMargins(22, 18, 22, 18);
  column->setSpacing(12);
  column->addWidget(name);
  column->addWidget(facts_);
  column->addWidget(warning_);
  column->addLayout(form);
  column->addWidget(memory_);
  column->addWidget(memory_note_);
  column->addWidget(replacing);
  column->addStretch(1);
  column->addLayout(buttons);
  connect(cancel, &QPushButton::clicked, this, &QDialog::reject);
  connect(load_, &QPushButton::clicked, this, [this] {
    emit load_wanted(path_, this->choices());
    accept();
  });
}

LoadChoices ModelDialog::choices() const {
  return {context_->currentData().toInt(), weights_->currentData().toString(),
          read_into_memory_->isChecked()};
}

// Until the answer comes what is shown is of another choice.
void ModelDialog::ask() {
  load_->setEnabled(false);
  inspector_.ask(path_, choices());
}

// A context longer than the model was trained for helps several conversations, so that it is
// offered up to as many as are answered at once.
void ModelDialog::offer_contexts(int trained) {
  for (int at = context_->count() - 1; at > 0; --at) {
    const qint64 tokens = context_->itemData(at).toLongLong();
    if (tokens > qint64{trained} * kAnswersAtOnce && at != context_->currentIndex()) {
      context_->removeItem(at);
    }
  }
}

void ModelDialog::take(const ModelFacts& facts) {
  show_facts(facts);
  layout()->activate();
  adjustSize();
}

void ModelDialog::show_facts(const ModelFacts& facts) {
  const bool failed = !facts.error.isEmpty();
  warning_->setVisible(failed);
  memory_->setVisible(!failed);
  memory_note_->setVisible(!failed && facts.free_memory > 0);
  facts_->setVisible(!failed || facts.info.parameter_count > 0);
  load_->setEnabled(!failed);
  if (facts.info.parameter_count > 0) {
    const auto& config = facts.info.config;
    facts_->setText(say(Text::model_facts, count_text(facts.info.parameter_count),
                        write(config.num_hidden_layers), type_name(facts.info.weight_type),
                        write(config.max_position_embeddings)));
    const bool stored_quantized = is_quantized(facts.info.weight_type);
    weights_->setEnabled(!stored_quantized);
    if (stored_quantized && weights_->currentIndex() != 0) return weights_->setCurrentIndex(0);
    offer_contexts(config.max_position_embeddings);
  }
  if (failed) return warning_->setText(say(Text::load_failed, facts.error));
  if (!facts.info.has_chat_template) {
    facts_->setText(facts_->text() + "\n" + say(Text::no_template));
  }
  const tlite::MemoryPlan& plan = facts.plan;
  const std::array<std::uint64_t, 5> bytes{plan.weights, plan.weights_resident, plan.kv_cache,
                                           plan.scratch, plan.total()};
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    memory_parts_[i]->setText(write_bytes(static_cast<double>(bytes[i])));
  }
  const bool fits = plan.total() <= facts.free_memory;
  memory_note_->setText(say(fits ? Text::memory_free : Text::memory_short,
                            write_bytes(static_cast<double>(facts.free_memory))));
  memory_note_->setProperty("kind", fits ? "hint" : "failure_text");
  memory_note_->style()->unpolish(memory_note_);
  memory_note_->style()->polish(memory_note_);
}

}  // namespace desktop

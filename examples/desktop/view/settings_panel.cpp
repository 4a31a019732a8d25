#include "settings_panel.hpp"

#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>
#include <QStyle>

namespace desktop {
namespace {

constexpr std::array<Text, kNumberParameters.size()> kNames{
    Text::temperature,        Text::top_p,      Text::top_k, Text::min_p,
    Text::repetition_penalty, Text::max_tokens, Text::seed};
constexpr std::array kAlternatives{0, 1, 3, 5, 10, 20};

QString range_text(const NumberParameter& parameter) {
  if (parameter.most >= kHuge) return say(Text::range_from, write(parameter.least));
  const Text form = parameter.least_excluded ? Text::range_above : Text::range;
  return say(form, write(parameter.least), write(parameter.most));
}

}  // namespace

SettingsPanel::SettingsPanel(Chats& chats, QWidget* parent)
    : QFrame(parent),
      chats_(chats),
      column_(new QVBoxLayout),
      close_(new IconButton(Icon::close, Text::close_panel, this)),
      system_(new QPlainTextEdit(this)),
      stop_(new QPlainTextEdit(this)),
      thinking_(new Choice(this)),
      alternatives_(new Choice(this)),
      reset_(new QPushButton(this)) {
  setProperty("kind", "panel");
  setObjectName("settings_panel");
  auto* const head = new QHBoxLayout;
  head->setContentsMargins(16, 10, 8, 0);
  head->addWidget(label(Text::settings, "title", nullptr), 1);
  head->addWidget(close_);
  auto* const content = new QWidget;
  content->setObjectName("panel_content");
  content->setLayout(column_);
  column_->setContentsMargins(16, 6, 16, 16);
  column_->setSpacing(5);
  auto* const scroller = new QScrollArea(this);
  scroller->setWidget(content);
  scroller->setWidgetResizable(true);
  scroller->setFrameShape(QFrame::NoFrame);
  scroller->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
  auto* const whole = new QVBoxLayout(this);
  whole->setContentsMargins(0, 0, 0, 0);
  whole->addLayout(head);
  whole->addWidget(scroller, 1);

  system_->setObjectName("system_prompt");
  system_->setTabChangesFocus(true);
  system_->setFixedHeight(6 * fontMetrics().lineSpacing());
  column_->addWidget(label(Text::system_prompt, "label", system_));
  column_->addWidget(system_);
  column_->addWidget(label(Text::system_hint, "hint", nullptr));
  build_numbers();
  build_rest();
  connect(close_, &QToolButton::clicked, this, &SettingsPanel::closed);
  connect(&chats, &Chats::current_changed, this, &SettingsPanel::show_settings);
  refresh();
  show_settings();
}

QLabel* SettingsPanel::label(Text text, const char* kind, QWidget* of) {
  auto* const made = new QLabel(this);
  made->setProperty("kind", kind);
  made->setWordWrap(true);
  made->setBuddy(of);
  labels_.emplace_back(made, text);
  return made;
}

void SettingsPanel::build_numbers() {
  column_->addSpacing(10);
  column_->addWidget(label(Text::sampling, "section", nullptr));
  column_->addWidget(label(Text::sampling_hint, "hint", nullptr));
  auto* const grid = new QGridLayout;
  grid->setVerticalSpacing(6);
  grid->setColumnStretch(0, 1);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    numbers_[i] = new QLineEdit(this);
    numbers_[i]->setObjectName(kNumberParameters[i].name);
    numbers_[i]->setFixedWidth(120);
    const auto row = static_cast<int>(i);
    grid->addWidget(label(kNames[i], "label", numbers_[i]), row, 0);
    grid->addWidget(numbers_[i], row, 1);
    connect(numbers_[i], &QLineEdit::textChanged, this, [this, i] { read_number(i); });
  }
  column_->addLayout(grid);
}

void SettingsPanel::build_rest() {
  stop_->setObjectName("stop_strings");
  stop_->setTabChangesFocus(true);
  stop_->setFixedHeight(3 * fontMetrics().lineSpacing() + 8);
  thinking_->addItems({"", "", ""});
  for (const int count : kAlternatives) alternatives_->addItem("", count);
  alternatives_->setObjectName("alternatives");
  column_->addSpacing(10);
  column_->addWidget(label(Text::stop_strings, "label", stop_));
  column_->addWidget(stop_);
  column_->addWidget(label(Text::stop_hint, "hint", nullptr));
  column_->addSpacing(4);
  column_->addWidget(label(Text::thinking_mode, "label", thinking_));
  column_->addWidget(thinking_);
  column_->addSpacing(4);
  column_->addWidget(label(Text::show_tokens, "label", alternatives_));
  column_->addWidget(alternatives_);
  column_->addSpacing(12);
  column_->addWidget(reset_);
  column_->addStretch();
  connect(system_, &QPlainTextEdit::textChanged, this, [this] {
    change([this](Settings& settings) { settings.system = system_->toPlainText(); });
  });
  connect(stop_, &QPlainTextEdit::textChanged, this, [this] {
    change([this](Settings& settings) {
      settings.parameters.stop = parse_stop(stop_->toPlainText());
    });
  });
  connect(thinking_, &QComboBox::activated, this, [this](int at) {
    change([at](Settings& settings) { settings.parameters.thinking = static_cast<Thinking>(at); });
  });
  connect(alternatives_, &QComboBox::activated, this, [this] {
    change([this](Settings& settings) {
      settings.parameters.alternatives = alternatives_->currentData().toInt();
    });
  });
  connect(reset_, &QPushButton::clicked, this, [this] {
    change([](Settings& settings) { settings.parameters = {}; });
    show_settings();
  });
}

void SettingsPanel::change(const std::function<void(Settings&)>& what) {
  if (showing_) return;
  Settings settings = chats_.current().settings;
  what(settings);
  chats_.set_settings(settings);
}

// What is no number of the range is marked and not taken: what was set holds.
void SettingsPanel::read_number(std::size_t at) {
  QLineEdit* const field = numbers_[at];
  const std::optional<double> number = parse_number(field->text(), kNumberParameters[at]);
  const bool is_wrong = !number && !field->text().trimmed().isEmpty();
  if (field->property("wrong").toBool() != is_wrong) {
    field->setProperty("wrong", is_wrong);
    field->style()->unpolish(field);
    field->style()->polish(field);
  }
  field->setAccessibleDescription(range_text(kNumberParameters[at]));
  if (!is_wrong) {
    change([&](Settings& settings) { settings.parameters.numbers[at] = number; });
  }
}

void SettingsPanel::refresh() {
  for (const auto& [label, text] : labels_) label->setText(say(text));
  system_->setAccessibleName(say(Text::system_prompt));
  stop_->setAccessibleName(say(Text::stop_strings));
  thinking_->setAccessibleName(say(Text::thinking_mode));
  alternatives_->setAccessibleName(say(Text::show_tokens));
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    numbers_[i]->setPlaceholderText(say(Text::model_default));
    numbers_[i]->setAccessibleName(say(kNames[i]));
    numbers_[i]->setToolTip(range_text(kNumberParameters[i]));
  }
  thinking_->setItemText(0, say(Text::thinking_default));
  thinking_->setItemText(1, say(Text::thinking_on));
  thinking_->setItemText(2, say(Text::thinking_off));
  for (int i = 0; i < alternatives_->count(); ++i) {
    const int count = kAlternatives[static_cast<std::size_t>(i)];
    alternatives_->setItemText(i,
                               count == 0 ? say(Text::alternatives_off) : say_alternatives(count));
  }
  reset_->setText(say(Text::reset));
}

void SettingsPanel::show_settings() {
  showing_ = true;
  const Settings& settings = chats_.current().settings;
  system_->setPlainText(settings.system);
  stop_->setPlainText(write_stop(settings.parameters.stop));
  thinking_->setCurrentIndex(static_cast<int>(settings.parameters.thinking));
  // Of an imported number the nearest one that is offered.
  int nearest = 0;
  for (int i = 0; i < alternatives_->count(); ++i) {
    if (kAlternatives[static_cast<std::size_t>(i)] <= settings.parameters.alternatives) nearest = i;
  }
  alternatives_->setCurrentIndex(nearest);
  for (std::size_t i = 0; i < numbers_.size(); ++i) {
    const std::optional<double>& number = settings.parameters.numbers[i];
    QString text = number ? write_number(*number) : QString();
    if (language() == Language::ru) text.replace('.', ',');
    numbers_[i]->setText(text);
  }
  showing_ = false;
}

void SettingsPanel::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  if (event->type() == QEvent::LanguageChange) refresh();
}

}  // namespace desktop

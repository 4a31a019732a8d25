#include "header.hpp"

#include "../prose/colours.hpp"

#include <QEvent>
#include <QFileInfo>
#include <QHBoxLayout>
#include <QVBoxLayout>
#include <cmath>

namespace desktop {

Header::Header(const Chats& chats, const Models& models, QWidget* parent)
    : QFrame(parent),
      chats_(chats),
      models_(models),
      list_(new IconButton(Icon::menu, Text::conversations, this)),
      title_(new ElidedLabel(this)),
      model_(new QToolButton(this)),
      model_menu_(new QMenu(model_)),
      progress_(new QProgressBar(this)),
      cancel_(new IconButton(Icon::close, Text::cancel_loading, this)),
      more_(new IconButton(Icon::more, Text::menu, this)),
      menu_(new QMenu(more_)),
      settings_(new IconButton(Icon::sliders, Text::settings, this)) {
  setObjectName("header");
  title_->setProperty("kind", "section");
  model_->setObjectName("model_button");
  model_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
  model_->setIconSize({16, 16});
  model_->setPopupMode(QToolButton::InstantPopup);
  model_->setFocusPolicy(Qt::StrongFocus);
  model_->setMenu(model_menu_);
  progress_->setObjectName("progress");
  progress_->setRange(0, 1000);
  progress_->setTextVisible(false);
  progress_->setFixedWidth(120);
  cancel_->setObjectName("cancel_loading");
  more_->setMenu(menu_);
  more_->setPopupMode(QToolButton::InstantPopup);
  list_->setObjectName("toggle_list");
  settings_->setObjectName("toggle_settings");
  auto* const row = new QHBoxLayout(this);
  row->setContentsMargins(10, 7, 10, 7);
  row->setSpacing(6);
  row->addWidget(list_);
  row->addWidget(title_, 1);
  for (QWidget* const each :
       std::initializer_list<QWidget*>{progress_, cancel_, model_, more_, settings_}) {
    row->addWidget(each);
  }
  connect(list_, &QToolButton::clicked, this, &Header::list_toggled);
  connect(settings_, &QToolButton::clicked, this, &Header::settings_toggled);
  connect(cancel_, &QToolButton::clicked, this, &Header::loading_cancelled);
  connect(&models, &Models::changed, this, &Header::refresh);
  connect(&chats, &Chats::current_changed, this, &Header::refresh);
  connect(&chats, &Chats::list_changed, this, &Header::refresh);
  connect(&chats, &Chats::running_changed, this, &Header::refresh);
  refresh();
}

void Header::refresh() {
  const QString title = title_of(chats_.current());
  title_->setText(title.isEmpty() ? say(Text::new_conversation) : title);
  const bool loading = models_.is_loading();
  progress_->setVisible(loading);
  cancel_->setVisible(loading);
  progress_->setValue(static_cast<int>(std::lround(models_.progress() * 1000)));
  QString name = chats_.has_model() ? chats_.model().name : say(Text::no_model);
  if (loading) name = say(Text::loading, QFileInfo(models_.loading_path()).fileName());
  progress_->setAccessibleName(name);
  constexpr int kLongestName = 190;  // pixels
  model_->setText(model_->fontMetrics().elidedText(name, Qt::ElideMiddle, kLongestName));
  model_->setIcon(draw_icon(Icon::chip, colours().quiet));
  model_->setAccessibleName(say(Text::model) + ": " + name);
}

void Header::changeEvent(QEvent* event) {
  QFrame::changeEvent(event);
  const QEvent::Type type = event->type();
  if (type == QEvent::LanguageChange || type == QEvent::PaletteChange) refresh();
}

}  // namespace desktop

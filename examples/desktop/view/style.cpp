#include "style.hpp"

#include "../prose/colours.hpp"

#include <QApplication>
#include <QFontInfo>
#include <QPalette>
#include <QStyleFactory>

namespace desktop {
namespace {

bool system_is_dark = false;

// @name is a colour.
constexpr const char* kSheet = R"(
QMainWindow, QDialog, QMessageBox, QWidget#page, QWidget#main_column { background: @ground; }
QFrame[kind="panel"], QWidget#panel_content { background: @panel; }
QScrollArea { background: transparent; border: none; }
QFrame#list_panel { border: none; border-right: 1px solid @line; }
QFrame#settings_panel { border: none; border-left: 1px solid @line; }
QFrame#header { background: @ground; border: none; border-bottom: 1px solid @line; }
QWidget#scrim { background: rgba(0, 0, 0, 100); }
QLabel { background: transparent; color: @ink; }
QLabel[kind="hint"] { color: @quiet; font-size: @small; }
QLabel[kind="brand"] { font-size: @brand_size; font-weight: 600; }
QLabel[kind="title"] { font-size: @title_size; font-weight: 600; }
QLabel[kind="section"], QLabel[kind="total"] { font-weight: 600; }
QLabel[kind="welcome"] { font-size: @welcome_size; font-weight: 600; }
QLabel[kind="bubble"] { background: @bubble; border-radius: 14px; padding: 9px 15px; }
QLabel[kind="failure"] { background: @wrong_ground; color: @wrong; border-radius: 8px;
  padding: 10px 12px; }
QFrame[kind="failure"] { background: @wrong_ground; border-radius: 8px; border: none; }
QLabel[kind="failure_text"] { color: @wrong; }
QWidget[kind="card"] { background: @panel; border: 1px solid @line; border-radius: 10px; }
QTextBrowser, QTextEdit, QLabel[kind="bubble"], QPlainTextEdit#message_edit,
  QPlainTextEdit#turn_edit { font-size: @prose_size; }
QTextBrowser, QTextEdit { background: transparent; color: @ink; border: none;
  selection-background-color: @accent; selection-color: @on_accent; }
QTextBrowser[kind="thought"] { border-left: 3px solid @line; padding-left: 10px; }
QPlainTextEdit, QLineEdit { background: @raised; color: @ink; border: 1px solid @line_strong;
  border-radius: 7px; padding: 5px 8px; selection-background-color: @accent;
  selection-color: @on_accent; }
QPlainTextEdit:focus, QLineEdit:focus { border: 1px solid @accent; }
QLineEdit[wrong="true"] { border: 1px solid @wrong; color: @wrong; }
QFrame#composer_box { background: @raised; border: 1px solid @line_strong; border-radius: 16px; }
QPlainTextEdit#message_edit { background: transparent; border: none; padding: 0; }
QPushButton { background: @raised; color: @ink; border: 1px solid @line; border-radius: 8px;
  padding: 7px 14px; }
QPushButton:hover { background: @hover; }
QPushButton:focus, QToolButton:focus, QComboBox:focus, QCheckBox:focus { border: 1px solid @accent; }
QPushButton:disabled { color: @line_strong; }
QPushButton[kind="primary"] { background: @accent; color: @on_accent; border: 1px solid @accent;
  font-weight: 600; }
QPushButton[kind="primary"]:disabled { background: @hover; color: @quiet; border-color: @hover; }
QPushButton[kind="primary"]:focus { border: 1px solid @ink; }
QPushButton[kind="danger"] { background: @wrong; color: @ground; border: none; }
QPushButton[kind="link"] { background: transparent; border: none; color: @quiet; padding: 2px 0;
  text-align: left; }
QPushButton[kind="link"]:hover { color: @ink; }
QPushButton[kind="wide"] { text-align: left; padding: 9px 12px; }
QToolButton { border: 1px solid transparent; border-radius: 7px; padding: 5px; color: @ink; }
QToolButton:hover:enabled { background: @hover; }
QToolButton:checked { background: @hover; }
QToolButton::menu-indicator { image: none; }
QToolButton[kind="primary"] { background: @accent; border-radius: 15px; padding: 6px; }
QToolButton[kind="primary"]:disabled { background: @hover; }
QToolButton[kind="primary"]:hover:enabled { background: @accent; }
QToolButton[kind="inverse"]:hover { background: transparent; }
QToolButton[kind="float"] { background: @raised; border: 1px solid @line_strong;
  border-radius: 15px; padding: 6px; }
QToolButton#model_button { padding: 4px 10px; text-align: left; }
QComboBox { background: @raised; color: @ink; border: 1px solid @line; border-radius: 7px;
  padding: 6px 10px; }
QComboBox:disabled { color: @quiet; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox QAbstractItemView { background: @raised; color: @ink; border: 1px solid @line;
  selection-background-color: @hover; selection-color: @ink; outline: none; }
QCheckBox { color: @ink; spacing: 8px; border: 1px solid transparent; border-radius: 5px; }
QListWidget { background: transparent; border: none; outline: none; }
QListWidget::item { color: @ink; padding: 7px 9px; border-radius: 7px; border: 1px solid transparent; }
QListWidget::item:hover { background: @hover; }
QListWidget::item:selected { background: @hover; color: @ink; }
QMenu { background: @raised; color: @ink; border: 1px solid @line_strong; padding: 5px; }
QMenu::item { padding: 7px 22px 7px 14px; border-radius: 5px; }
QMenu::item:selected { background: @hover; }
QMenu::item:disabled { color: @quiet; }
QMenu::separator { height: 1px; background: @line; margin: 4px 8px; }
QProgressBar { background: @bubble; border: none; border-radius: 3px; max-height: 6px;
  min-height: 6px; }
QProgressBar::chunk { background: @accent; border-radius: 3px; }
QFrame#notice { background: @ink; border-radius: 9px; }
QFrame#notice QLabel { color: @ground; }
QToolTip { background: @raised; color: @ink; border: 1px solid @line_strong; padding: 4px; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar::handle:vertical { background: @line_strong; border-radius: 3px; min-height: 30px;
  margin: 2px 2px; }
QScrollBar::add-line, QScrollBar::sub-line { height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QSplitter::handle { background: @line; }
)";

QString sheet_of(const Colours& colours) {
  // Of two names that begin alike the longer one comes first.
  const QList<std::pair<const char*, QColor>> names{
      {"@ground", colours.ground},
      {"@panel", colours.panel},
      {"@raised", colours.raised},
      {"@bubble", colours.bubble},
      {"@ink", colours.ink},
      {"@quiet", colours.quiet},
      {"@line_strong", colours.line_strong},
      {"@line", colours.line},
      {"@hover", colours.hover},
      {"@accent", colours.accent},
      {"@on_accent", colours.on_accent},
      {"@wrong_ground", colours.wrong_ground},
      {"@wrong", colours.wrong},
  };
  QString sheet = QString::fromLatin1(kSheet);
  for (const auto& [name, colour] : names) sheet.replace(name, colour.name());
  // Of the size that the user has chosen for the system.
  const int base = QFontInfo(QApplication::font()).pixelSize();
  const QList<std::pair<const char*, double>> sizes{{"@small", 0.95},
                                                    {"@prose_size", 1.17},
                                                    {"@title_size", 1.3},
                                                    {"@brand_size", 1.4},
                                                    {"@welcome_size", 2.1}};
  for (const auto& [name, factor] : sizes) {
    sheet.replace(name, QString::number(qRound(base * factor)) + "px");
  }
  return sheet;
}

QPalette palette_of(const Colours& colours) {
  QPalette palette(colours.raised, colours.ground);
  palette.setColor(QPalette::WindowText, colours.ink);
  palette.setColor(QPalette::Text, colours.ink);
  palette.setColor(QPalette::ButtonText, colours.ink);
  palette.setColor(QPalette::Base, colours.raised);
  palette.setColor(QPalette::AlternateBase, colours.panel);
  palette.setColor(QPalette::ToolTipBase, colours.raised);
  palette.setColor(QPalette::ToolTipText, colours.ink);
  palette.setColor(QPalette::PlaceholderText, colours.quiet);
  palette.setColor(QPalette::Highlight, colours.accent);
  palette.setColor(QPalette::HighlightedText, colours.on_accent);
  palette.setColor(QPalette::Link, colours.accent);
  palette.setColor(QPalette::Disabled, QPalette::Text, colours.line_strong);
  palette.setColor(QPalette::Disabled, QPalette::ButtonText, colours.line_strong);
  return palette;
}

}  // namespace

void remember_system_palette() {
  const QPalette palette = QApplication::palette();
  system_is_dark =
      palette.color(QPalette::Window).lightness() < palette.color(QPalette::WindowText).lightness();
  QApplication::setStyle(QStyleFactory::create("Fusion"));
}

void apply_theme(Theme theme) {
  const bool dark = theme == Theme::dark || (theme == Theme::automatic && system_is_dark);
  set_colours(dark ? dark_colours() : light_colours());
  QApplication::setPalette(palette_of(colours()));
  static_cast<QApplication*>(QCoreApplication::instance())->setStyleSheet(sheet_of(colours()));
}

}  // namespace desktop

// Where the user writes.
#pragma once

#include "elided_label.hpp"
#include "icon_button.hpp"

#include <QFrame>
#include <QLabel>
#include <QPlainTextEdit>

namespace desktop {

// Grows with what is written, up to a third of the window. Enter submits, Shift+Enter is a line.
class MessageEdit : public QPlainTextEdit {
  Q_OBJECT

 public:
  explicit MessageEdit(QWidget* parent = nullptr);

 signals:
  void submitted();

 protected:
  void keyPressEvent(QKeyEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  // Files are the window's: their names are no text.
  bool canInsertFromMimeData(const QMimeData* source) const override;

 private:
  void fit_height();
};

class Composer : public QWidget {
  Q_OBJECT

 public:
  explicit Composer(QWidget* parent = nullptr);

  void set_running(bool running);
  // Tokens; `used` 0: not known.
  void set_context(int used, int of);
  QString text() const { return edit_->toPlainText(); }
  void clear() { edit_->clear(); }
  void focus() { edit_->setFocus(); }

 signals:
  void submitted();  // there is text, and no answer runs
  void stopped();

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void submit();
  void refresh();

  QFrame* box_;
  MessageEdit* edit_;
  IconButton* button_;
  ElidedLabel* hint_;
  QLabel* context_;
  bool running_ = false;
  int used_ = 0;
  int of_ = 0;
};

}  // namespace desktop

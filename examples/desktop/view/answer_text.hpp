// An answer's Markdown as it grows: parts that have not changed are not laid out again, and of what
// has, a slice is shown at a time, so that the window hears its user meanwhile.
#pragma once

#include "../prose/markdown_blocks.hpp"

#include <QList>
#include <QTextBrowser>
#include <QTimer>
#include <QUrl>

namespace desktop {

class AnswerText : public QTextBrowser {
  Q_OBJECT

 public:
  explicit AnswerText(QWidget* parent = nullptr);

  void set_markdown(const QString& text);
  // All of it is on the screen.
  bool is_complete() const { return shown_.size() == wanted_.size(); }

 protected:
  // Nothing that a document names is loaded.
  QVariant loadResource(int type, const QUrl& name) override;
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  struct Shown {
    MarkdownBlock block;
    int from = 0;  // where it begins in the document
  };

  void show_slice();
  void show_again();
  void drop_from(qsizetype count);
  void fit_height();

  QList<MarkdownBlock> wanted_;
  QList<Shown> shown_;
  QTimer timer_;
};

}  // namespace desktop

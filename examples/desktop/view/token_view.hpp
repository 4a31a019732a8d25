// An answer's tokens, tinted by how surprising each was, and what could have stood in the place of
// the one that is pointed at or gone to by the arrow keys.
#pragma once

#include "../conversation/conversation.hpp"

#include <QFrame>
#include <QLabel>
#include <QList>
#include <QPointer>
#include <QTextEdit>
#include <QTimer>
#include <QWidget>

namespace desktop {

// A token and its alternatives, as bars.
class TokenCard : public QFrame {
  Q_OBJECT

 public:
  explicit TokenCard(QWidget* parent);
  void show_token(const Token& token, int at, int of);
  // For screen readers.
  QString description() const { return description_; }

 protected:
  void paintEvent(QPaintEvent* event) override;

 private:
  struct Row {
    QString text;
    double probability = 0;
    bool chosen = false;
  };
  QString head_;
  QString note_;
  QString description_;
  QList<Row> rows_;
};

class TokenText : public QTextEdit {
  Q_OBJECT

 public:
  explicit TokenText(QWidget* parent);
  void set_tokens(const QList<Token>& tokens);
  int current() const { return current_; }  // -1: none
  void set_current(int token);
  QRect place_of(int token) const;  // in this widget

 signals:
  void current_changed();

 protected:
  bool viewportEvent(QEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void paintEvent(QPaintEvent* event) override;

 private:
  void show_slice();
  void fit_height();
  int token_at(const QPoint& point) const;

  QList<Token> tokens_;
  QList<int> ends_;  // of each token's text in the document, of those that are shown
  int current_ = -1;
  QTimer timer_;
};

class TokenView : public QWidget {
  Q_OBJECT

 public:
  // `overlay`: what the card may lie over.
  TokenView(const QList<Token>& tokens, QWidget* overlay);
  ~TokenView() override;

  TokenText& text() { return *text_; }
  TokenCard& card() { return *card_; }

 protected:
  void changeEvent(QEvent* event) override;

 private:
  void refresh();
  void place_card();

  QList<Token> tokens_;
  QLabel* legend_;
  TokenText* text_;
  QPointer<TokenCard> card_;
};

}  // namespace desktop

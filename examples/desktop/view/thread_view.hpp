// The talk. It follows an answer as it grows, unless the user has gone up to read. Of a long talk
// the newest turns are there at once, those before them in slices as somebody goes up to them, so
// that opening it costs the window no frame.
#pragma once

#include "../state/chats.hpp"
#include "turn_view.hpp"

#include <QList>
#include <QScrollArea>
#include <QTimer>
#include <QVBoxLayout>
#include <QWidget>

namespace desktop {

class ThreadView : public QWidget {
  Q_OBJECT

 public:
  explicit ThreadView(Chats& chats, QWidget* parent = nullptr);

  // From the first that is there on; a long talk's first ones may not be.
  const QList<TurnView*>& turns() const { return turns_; }
  void to_end();

 signals:
  void choose_model();

 protected:
  void resizeEvent(QResizeEvent* event) override;
  void changeEvent(QEvent* event) override;

 private:
  void show_path();
  void add_earlier();
  void clear();
  TurnView* make_turn(const Turn& turn);
  void refresh();
  void follow();
  void set_busy();

  Chats& chats_;
  QScrollArea* scroller_;
  QWidget* page_;
  QVBoxLayout* column_;
  QWidget* welcome_;
  QLabel* welcome_title_;
  QLabel* welcome_hint_;
  QPushButton* welcome_button_;
  IconButton* to_end_;
  QList<TurnView*> turns_;
  QList<Turn> earlier_;  // not yet shown; the last of them comes next
  bool follows_ = true;
  int from_end_ = 0;  // pixels that the place that is read lies above the end
  QTimer timer_;
};

}  // namespace desktop
